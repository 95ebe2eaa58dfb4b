/**
 * `on` of a workflow: the subjects that it works on when somebody asks, as words, and what starts it by itself, as mappings.
 * What a trigger starts is the same session, with the same files of the default branch, as a command would.
 */
import { Cron } from 'croner'
import { z } from 'zod/mini'
import { described } from './described.ts'
import { glob } from './units.ts'
import { withExample } from './with-example.ts'

export const subjectKinds = ['pull-request', 'issue', 'push'] as const
export type SubjectKind = (typeof subjectKinds)[number]

/** What may start a session. The last four are no triggers of a workflow: somebody or something asks for it by name. */
export const startedBy = [
  'label',
  'pull-request',
  'push',
  'check',
  'schedule',
  'dispatch',
  'comment',
  'session',
  'cli',
] as const
export type StartedBy = (typeof startedBy)[number]

/** Those that count as machines' starts. */
export const machines = ['label', 'pull-request', 'push', 'check', 'schedule', 'dispatch'] as const
export type Machine = (typeof machines)[number]

const globs = described(
  z.optional(z.array(glob).check(z.minLength(1), z.maxLength(20))),
  'Only where one of the changed files matches one of these patterns',
)
const inputs = withExample(
  z.optional(z.record(z.string(), z.union([z.string().check(z.maxLength(4000)), z.number(), z.boolean()]))),
  { goal: 'Keep behaviour' },
  'What it is given; what is left out has its default',
)

const label = withExample(
  z
    .string()
    .check(
      z.regex(
        /^(?!agent\/(?:accepted|reworked|rejected)$|promotion:)[^\s,](?:[^,\p{Cc}]{0,48}[^\s,])?$/u,
        'not a label that starts work; expected at most 50 characters, no comma, and none that says what became of work; for example agent/fix',
      ),
    ),
  'agent/fix',
  'A label that somebody with the workflow’s access sets',
)

const NOT_CRON =
  'not a schedule; expected minute, hour, day, month and weekday, at most once an hour; for example 0 6 * * 1'
const cron = withExample(
  z.string().check(z.refine(isSchedule, NOT_CRON)),
  '0 6 * * 1',
  'Minute, hour, day, month and weekday in the `time-zone` of `portfolios.yml`; at most once an hour',
)

const NOT_EVENT = 'not an event’s name; expected letters, digits, ".", "_" and "-"; for example nightly-report'
const event = withExample(
  z.string().check(z.regex(/^[\w.-]{1,100}$/, NOT_EVENT)),
  'nightly-report',
  'The `event_type` of a `repository_dispatch`',
)

const moments = ['opened', 'ready', 'synchronize'] as const
export type Moment = (typeof moments)[number]

export const triggerSchemas = {
  label: z.strictObject({ label, inputs }),
  'pull-request': z.strictObject({
    'pull-request': described(
      z.array(z.enum(moments)).check(z.minLength(1)),
      'opened (also again), ready (a draft that is one no more), synchronize (pushed to); a draft starts nothing',
    ),
    paths: globs,
    inputs,
  }),
  push: z.strictObject({
    push: described(z.literal('default-branch'), 'A push to the default branch'),
    paths: globs,
    inputs,
  }),
  check: z.strictObject({
    check: described(z.literal('failed'), 'A check run or status of somebody else’s that failed on the head'),
    name: withExample(
      z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
      'test*',
      'Only checks whose name matches this pattern',
    ),
    inputs,
  }),
  schedule: z.strictObject({ schedule: cron, inputs }),
  dispatch: z.strictObject({ dispatch: event, inputs }),
}

const triggerSchema = z.union(
  [
    z.enum(subjectKinds),
    triggerSchemas.label,
    triggerSchemas['pull-request'],
    triggerSchemas.push,
    triggerSchemas.check,
    triggerSchemas.schedule,
    triggerSchemas.dispatch,
  ],
  'not a subject or a trigger; expected pull-request, issue or push, or one of label, pull-request, push, check, schedule and dispatch with its value; for example { label: agent/fix }',
)

export const onSchema = withExample(
  z._default(z.array(triggerSchema).check(z.minLength(1), z.maxLength(20)), ['pull-request']),
  ['pull-request', { label: 'agent/fix' }],
  'The subjects that it works on when somebody asks, as words; and what starts it by itself, as mappings',
)
export type On = z.infer<typeof onSchema>
export type Trigger = Exclude<On[number], SubjectKind>

/** Its triggers, each with the kind that its first key names. */
export function triggersOf(on: On): readonly Trigger[] {
  return on.flatMap((one) => (typeof one === 'string' ? [] : [one]))
}

/** All subjects that it works on: those it names, and those its triggers start it on. */
export function subjectsOf(on: On): readonly SubjectKind[] {
  const named = on.flatMap((one) => (typeof one === 'string' ? [one] : []))
  const started = triggersOf(on).flatMap((trigger) => subjectsStarted(trigger, named))
  return [...new Set([...named, ...started])]
}

/** A label or a failed check can be on two kinds of subjects: those that the workflow names, else a pull request. */
export function subjectsStarted(trigger: Trigger, named: readonly SubjectKind[]): readonly SubjectKind[] {
  if ('pull-request' in trigger) return ['pull-request']
  if (!('label' in trigger) && !('check' in trigger)) return ['push']
  const other = 'label' in trigger ? 'issue' : 'push'
  const meant = named.filter((kind) => kind === 'pull-request' || kind === other)
  return meant.length === 0 ? ['pull-request'] : meant
}

/** Five fields, the first of them one minute, and a day that comes. */
function isSchedule(text: string): boolean {
  if (text.length > 100 || !/^\d{1,2}( +\S+){4}$/.test(text)) return false
  try {
    return nextRun(text, 'UTC', new Date(0)) !== undefined
  } catch {
    return false
  }
}

/** The first moment after `after` that a schedule names, by the clocks of a time zone; undefined where none ever comes. */
export function nextRun(cron: string, timeZone: string, after: Date): Date | undefined {
  return new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part' }).nextRun(after) ?? undefined
}
