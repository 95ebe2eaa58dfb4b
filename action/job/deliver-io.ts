/** What `delivery/action.yml` takes and gives. */
import * as core from '@actions/core'
import { type Inputs, readValues, writeSummary } from './io.ts'

export const deliverInputNames = [
  'report',
  'workflow',
  'variant',
  'portfolio',
  'inputs',
  'goal',
  'cap-usd',
  'github-token',
] as const

export const deliverOutputNames = ['conclusion', 'reason', 'delivery'] as const

export interface DeliverInputs {
  readonly reportPath: string
  /** What the run was started with, from the Actions workflow and never from what the run left. */
  readonly own: Pick<Inputs, 'workflow' | 'variant' | 'portfolio' | 'values' | 'run' | 'model' | 'effort' | 'capUsd'>
  readonly githubToken: string
}

/** The inputs, or what is wrong with them in words. The token is masked in the log from here on. */
export function readDeliverInputs(): DeliverInputs | { readonly problem: string } {
  const [report, workflow, variant, portfolio, inputs, goal, capUsd, githubToken] = deliverInputNames.map((name) => {
    const written = core.getInput(name)
    return written === '' ? undefined : written
  })
  if (githubToken === undefined) return { problem: '`github-token` is empty' }
  core.setSecret(githubToken)
  if (report === undefined) return { problem: '`report` is not given; expected the path of a report.json' }
  const values = readValues(inputs ?? '')
  if (typeof values === 'string') return { problem: values }
  const told = goal === undefined ? values : { ...values, goal }
  const unknown = { run: undefined, model: undefined, effort: undefined }
  return { reportPath: report, own: { workflow, variant, portfolio, values: told, capUsd, ...unknown }, githubToken }
}

export async function writeDelivered(
  outputs: Readonly<Record<(typeof deliverOutputNames)[number], string>>,
  summary: string,
): Promise<void> {
  for (const name of deliverOutputNames) core.setOutput(name, outputs[name])
  await writeSummary(summary)
}
