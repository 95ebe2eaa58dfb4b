/** Percent off by the order value in cents from which it holds, highest first. */
const steps = [
  { from: 10000, percent: 10 },
  { from: 5000, percent: 5 },
]

/** The discount in cents on an order of `cents`. */
export function discount(cents) {
  const step = steps.find(({ from }) => cents >= from)
  return step ? Math.round((cents * step.percent) / 100) : 0
}
