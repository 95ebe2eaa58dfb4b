/**
 * The way back from `layOver`: the overlay that makes one workflow of another. Both are taken as written. Whoever uses
 * it lays the result over again and compares, since an overlay can't say everything that a workflow can.
 */
import { isSame } from '../canonical.ts'
import { isMapping } from '../mapping.ts'

type Written = Record<string, unknown>

/** What an overlay may say besides its summary, its squad and its steps. */
const OVERLAID = ['model', 'effort', 'setup', 'when', 'guards', 'approve', 'cap', 'timeout-minutes']
const KINDS = ['agent', 'run', 'workflow']

export interface OverlayHead {
  readonly summary: string
  readonly squad?: string | undefined
}

export function overlayBetween(baseline: Written, target: Written, head: OverlayHead): Written {
  const pick = (written: Written) =>
    Object.fromEntries(Object.entries(written).filter(([key]) => OVERLAID.includes(key)))
  const { set, without } = difference(pick(baseline), pick(target))
  const steps = stepsBetween(stepsOf(baseline), stepsOf(target))
  return {
    summary: head.summary,
    ...(head.squad === undefined ? {} : { squad: head.squad }),
    ...(without.length === 0 ? {} : { without }),
    ...set,
    ...(steps.length === 0 ? {} : { steps }),
  }
}

/** The keys that have to be set, and the dotted paths of those that have to go. */
function difference(from: Written, to: Written): { set: Written; without: string[] } {
  const set: Written = {}
  const without = Object.keys(from).filter((key) => !Object.hasOwn(to, key))
  for (const [key, value] of Object.entries(to)) {
    const lower = Object.hasOwn(from, key) ? from[key] : undefined
    if (isSame(lower, value)) continue
    if (isMapping(lower) && isMapping(value)) {
      const inner = difference(lower, value)
      without.push(...inner.without.map((path) => `${key}.${path}`))
      if (Object.keys(inner.set).length > 0) set[key] = inner.set
    } else set[key] = value
  }
  return { set, without }
}

/** In the target's order: each step is changed where it differs, and placed behind the one before it where it does not stand there. */
function stepsBetween(from: readonly Written[], to: readonly Written[]): Written[] {
  const removed = from.filter(({ id }) => !to.some((step) => step.id === id))
  const overlays: Written[] = removed.map(({ id }) => ({ id, remove: true }))
  const standing = from.filter((step) => !removed.includes(step)).map(({ id }) => id)
  to.forEach((step, index) => {
    const { id } = step
    const existing = from.find((one) => one.id === id)
    const isInPlace = existing ? standing[index] === id : index === standing.length
    const place = isInPlace ? {} : placeOf(index, to, standing)
    const changed = existing ? stepDifference(existing, step) : rest(step)
    if (!existing || !isInPlace || Object.keys(changed).length > 0) overlays.push({ id, ...changed, ...place })
    const at = standing.indexOf(id)
    if (at >= 0) standing.splice(at, 1)
    standing.splice(index, 0, id)
  })
  return overlays
}

function placeOf(index: number, to: readonly Written[], standing: readonly unknown[]): Written {
  return index === 0 ? { before: standing[0] } : { after: to[index - 1]?.id }
}

/** A step that becomes one of the other kind is written whole, as `layOver` replaces it whole. */
function stepDifference(from: Written, to: Written): Written {
  const isOfOtherKind = KINDS.some((kind) => to[kind] !== undefined && from[kind] === undefined)
  if (isOfOtherKind) return rest(to)
  const { set, without } = difference(from, to)
  return { ...set, ...(without.length === 0 ? {} : { without }) }
}

function rest({ id: _, ...step }: Written): Written {
  return step
}

function stepsOf(written: Written): Written[] {
  return Array.isArray(written.steps) ? written.steps.filter(isMapping) : []
}
