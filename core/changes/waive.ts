/** Guards that a maintainer sets aside for work that they withheld, where the workflow lets them. */
import { type WaivableGuard, waivableGuards } from '../config/workflow.ts'
import type { Plan, PlanGuards } from '../plan/plan.ts'
import { type Refusal, refuse } from '../reason.ts'
import type { Report } from '../run/report.ts'
import { guardsOf, type Violation } from './guard.ts'

const guardOf = {
  'guard-paths': 'paths',
  'guard-diff': 'diff',
  'guard-command': 'run',
  'guard-tests': 'tests',
} as const
/** What no workflow can allow. */
const STANDING = new Set<unknown>(['guard-files', 'guard-secrets'])

/** The plan as if it had none of these guards. What is protected for everybody stays, and so does an experiment's scope. */
export function waiving(plan: Plan, waived: readonly string[]): Plan {
  if (waived.length === 0) return plan
  const nested = Object.entries(plan.nested ?? {}).map(
    ([key, one]) => [key, { ...one, guards: guardsWithout(one.guards, waived) }] as const,
  )
  const guards = guardsWithout(plan.guards, waived)
  return { ...plan, guards, ...(nested.length === 0 ? {} : { nested: Object.fromEntries(nested) }) }
}

function guardsWithout({ paths, diff, run, tests, ...rest }: PlanGuards, waived: readonly string[]): PlanGuards {
  const kept = {
    paths: waived.includes('paths') ? openPaths(paths) : paths,
    diff: waived.includes('diff') ? undefined : diff,
    run: waived.includes('run') ? undefined : run,
    tests: waived.includes('tests') ? undefined : tests,
  }
  return { ...rest, ...Object.fromEntries(Object.entries(kept).filter(([, guard]) => guard !== undefined)) }
}

/** A protected path that `allow` opens by its name stays open; `**` opens none. */
function openPaths(paths: PlanGuards['paths']): PlanGuards['paths'] {
  return paths?.allow === undefined ? undefined : { allow: [...paths.allow, '**'] }
}

/**
 * What has to be set aside so that withheld work can be delivered, or why nobody may. `check` says what a plan's guards make
 * of the work.
 */
export function waiversFor(
  plan: Plan,
  report: Report,
  check: (plan: Plan) => readonly Violation[],
): readonly WaivableGuard[] | Refusal {
  if (report.conclusion === 'withheld' && STANDING.has(report.reason)) {
    return stands([report.message], 'No workflow can allow that.')
  }
  const standing = check(waiving(plan, waivableGuards))
  if (standing.length > 0) return stands(messagesOf(standing), 'No workflow lets anybody set that aside.')
  const broken = check(plan)
  const needed = neededFor(plan, report, broken)
  const refused = needed.filter((guard) => !mayBeWaived(plan, guard))
  if (refused.length === 0) return needed
  const why = broken.length > 0 ? messagesOf(broken) : [report.message]
  return stands(why, `The workflow does not let ${refused.map((guard) => `\`${guard}\``).join(' and ')} be set aside.`)
}

/** Each workflow that has the guard says so, the nested ones too. */
function mayBeWaived(plan: Plan, guard: WaivableGuard): boolean {
  return guardsOf(plan).every((guards) => guards[guard] === undefined || (guards.waive ?? []).includes(guard))
}

/** Commands are run only on work that every other guard has passed, so of what was withheld nobody knows that they pass. */
function neededFor(plan: Plan, report: Report, broken: readonly Violation[]): readonly WaivableGuard[] {
  const isWithheld = report.conclusion === 'withheld'
  const said = isWithheld && report.reason !== undefined ? [report.reason] : []
  const reasons: readonly string[] = [...said, ...broken.map(({ reason }) => reason)]
  const isUntried = isWithheld && guardsOf(plan).some(({ run = [] }) => run.length > 0)
  return waivableGuards.filter(
    (guard) =>
      (guard === 'run' && isUntried) ||
      Object.entries(guardOf).some(([reason, named]) => named === guard && reasons.includes(reason)),
  )
}

function messagesOf(violations: readonly Violation[]): readonly string[] {
  return violations.map(({ message }) => message)
}

function stands(messages: readonly string[], why: string): Refusal {
  return refuse('guard-stands', [...messages, why].join(' '))
}
