/**
 * Laying a variant over its baseline. Both are taken as written, before defaults and units, and the result is held
 * against the workflow's schema again. Mappings merge key by key, lists are replaced, steps are matched by `id`, and what
 * `without` names is left out first. Credit is the baseline's own and is not handed down.
 */

import { isMapping } from '../mapping.ts'
import { nearest } from '../nearest.ts'
import type { Path, Source } from './document.ts'
import type { Finding } from './problem.ts'
import type { Workflow } from './workflow.ts'

type Written = Record<string, unknown>

export interface Overlaid {
  readonly value: unknown
  /** What can't be laid over the baseline, each with its path in the variant's file. */
  readonly findings: readonly { readonly path: Path; readonly finding: Finding }[]
}

/** The keys of a step that say where it goes and not what it does. */
const PLACING = new Set(['remove', 'before', 'after', 'without'])
/** The keys by which the kinds of steps differ. */
const KINDS = ['agent', 'run', 'workflow']

export function layOver(baseline: Written, variant: Written): Overlaid {
  const { summary, squad: _, steps, without, ...rest } = variant
  const { credit: __, ...handedDown } = baseline
  const cut = leaveOut(handedDown, without, ['without'])
  const laid = laySteps(writtenSteps(baseline.steps), writtenSteps(steps))
  return {
    value: {
      ...cut.value,
      ...mergeKeys(cut.value, rest),
      ...(summary === undefined ? {} : { summary }),
      steps: laid.steps,
    },
    findings: [...cut.findings, ...laid.findings],
  }
}

/** The variant's file as the source of the merged workflow, so that a problem of the result names the overlay's line. */
export function overlaidSource(variant: Source, merged: unknown): Source {
  const mergedIds = isMapping(merged) ? writtenSteps(merged.steps).map((step) => step.id) : []
  const overlayIds = isMapping(variant.value) ? writtenSteps(variant.value.steps).map((step) => step.id) : []
  const translate = (path: Path): Path => {
    const [first, index, ...rest] = path
    if (first !== 'steps' || typeof index !== 'number') return path
    const own = overlayIds.indexOf(mergedIds[index])
    return own < 0 ? ['steps'] : ['steps', own, ...rest]
  }
  return {
    file: variant.file,
    value: merged,
    locate: (path, part) => variant.locate(translate(path), part),
    has: (path) => variant.has(translate(path)),
    shown: translate,
  }
}

/** The guards of the baseline that a variant gives up, in words; it may have its reasons, but readers should know. */
export function weakenedGuards(
  { guards: baseline, approve }: Pick<Workflow, 'guards' | 'approve'>,
  { guards: variant, approve: stillAsks }: Pick<Workflow, 'guards' | 'approve'>,
): { path: Path; words: string }[] {
  const dropped = (path: Path, before: readonly string[] = [], after: readonly string[] = []) =>
    before.filter((one) => !after.includes(one)).map((one) => ({ path, words: `no longer has \`${one}\`` }))
  const raised = (key: 'files' | 'lines') => {
    const before = baseline.diff?.[key]
    const after = variant.diff?.[key]
    const weaker = before !== undefined && (after === undefined || after > before)
    return weaker
      ? [{ path: ['guards', 'diff', key], words: `allows ${after ?? 'any number of'} ${key} instead of ${before}` }]
      : []
  }
  const widened = (variant.paths?.allow ?? []).filter((one) => baseline.paths?.allow?.includes(one) === false)
  return [
    ...dropped(['guards', 'paths', 'deny'], baseline.paths?.deny, variant.paths?.deny),
    ...widened.map((one) => ({ path: ['guards', 'paths', 'allow'], words: `allows \`${one}\` besides` })),
    ...dropped(['guards', 'run'], baseline.run, variant.run),
    ...raised('files'),
    ...raised('lines'),
    ...(baseline.tests === 'withhold' && variant.tests !== 'withhold'
      ? [{ path: ['guards', 'tests'], words: 'only names loosened tests' }]
      : []),
    ...(approve && !stillAsks ? [{ path: ['approve'], words: 'waits for nobody’s approval' }] : []),
  ]
}

function laySteps(baseline: readonly Written[], overlay: readonly Written[]) {
  const findings: { path: Path; finding: Finding }[] = []
  const steps = [...baseline]
  overlay.forEach((written, index) => {
    const path = ['steps', index]
    const at = steps.findIndex((step) => step.id === written.id)
    const existing = steps[at]
    if (written.remove === true) {
      if (existing) steps.splice(at, 1)
      else findings.push({ path: [...path, 'id'], finding: unknownStep(written.id, steps, 'to remove') })
      return
    }
    if (!existing && written.id !== undefined && KINDS.every((kind) => written[kind] === undefined)) {
      const { expected, ...unknown } = unknownStep(written.id, steps, 'to change')
      const orNew = `${expected}, or a new one with agent, run or workflow`
      findings.push({ path: [...path, 'id'], finding: { ...unknown, expected: orNew } })
      return
    }
    const cut = leaveOut(existing ?? {}, written.without, [...path, 'without'])
    findings.push(...cut.findings)
    const step = existing ? mergeStep(cut.value, written) : withoutPlacing(written)
    const mark = written.before ?? written.after
    if (mark === undefined) {
      if (existing) steps[at] = step
      else steps.push(step)
      return
    }
    if (existing) steps.splice(at, 1)
    const beside = steps.findIndex((one) => one.id === mark)
    if (beside < 0)
      findings.push({
        path: [...path, written.before === undefined ? 'after' : 'before'],
        finding: unknownStep(mark, steps, 'to stand beside'),
      })
    steps.splice(beside < 0 ? steps.length : beside + (written.before === undefined ? 1 : 0), 0, step)
    if (written.before !== undefined && written.after !== undefined) {
      findings.push({
        path: [...path, 'after'],
        finding: { wrong: 'stands beside `before`', expected: 'one of the two', example: `before: ${String(mark)}` },
      })
    }
  })
  return { steps, findings }
}

/** Takes out what dotted paths name (`guards.run`); a path to nothing is a mistake worth naming. */
function leaveOut(from: Written, paths: unknown, at: Path): { value: Written; findings: Overlaid['findings'] } {
  const named = Array.isArray(paths) ? paths.map(String) : []
  const unknown = named.flatMap((path, index) =>
    has(from, path.split('.')) ? [] : [{ path: [...at, index], finding: nothingThere(path, from) }],
  )
  return { value: named.reduce((value, path) => omit(value, path.split('.')), from), findings: unknown }
}

function has(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true
  return isMapping(value) && Object.hasOwn(value, key) && has(value[key], rest)
}

function omit(value: Written, [key = '', ...rest]: readonly string[]): Written {
  const { [key]: inner, ...others } = value
  if (rest.length === 0 || !isMapping(inner)) return rest.length === 0 ? others : value
  // In its place, so that the order of keys stays.
  return { ...value, [key]: omit(inner, rest) }
}

function nothingThere(path: string, from: Written): Finding {
  const keys = Object.keys(from)
  const near = nearest(path, keys)
  return {
    wrong: `the baseline has no ${path} to leave out`,
    expected: 'a key that it has, or keys joined by dots',
    example: near ?? 'guards.run',
  }
}

function unknownStep(id: unknown, steps: readonly Written[], what: string): Finding {
  const ids = steps.map((step) => String(step.id))
  return {
    wrong: `there is no step "${String(id)}" ${what}`,
    expected: `one of ${ids.join(', ')}`,
    example: nearest(String(id), ids) ?? ids[0] ?? 'tests',
  }
}

/** A step that becomes one of another kind is replaced: nothing of the old kind means anything to it. */
function mergeStep(existing: Written, written: Written): Written {
  const otherKind = KINDS.some((kind) => written[kind] !== undefined && existing[kind] === undefined)
  return otherKind ? withoutPlacing(written) : { ...existing, ...mergeKeys(existing, withoutPlacing(written)) }
}

function withoutPlacing(step: Written): Written {
  return Object.fromEntries(Object.entries(step).filter(([key]) => !PLACING.has(key)))
}

function mergeKeys(below: Written, above: Written): Written {
  return Object.fromEntries(
    Object.entries(above).map(([key, value]) => {
      const lower = Object.hasOwn(below, key) ? below[key] : undefined
      return [key, isMapping(value) && isMapping(lower) ? { ...lower, ...mergeKeys(lower, value) } : value]
    }),
  )
}

function writtenSteps(steps: unknown): Written[] {
  return Array.isArray(steps) ? steps.filter(isMapping) : []
}
