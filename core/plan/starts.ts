/** What starts by itself when something happens: the workflows whose `on` names it, each once. */
import picomatch from 'picomatch'
import type { Configuration } from '../config/configuration.ts'
import {
  type Machine,
  type Moment,
  type On,
  type SubjectKind,
  subjectsOf,
  subjectsStarted,
  type Trigger,
  triggersOf,
} from '../config/trigger.ts'
import { payerOf } from '../money/payer.ts'

export type Happening =
  | { readonly kind: 'label'; readonly label: string; readonly subject: 'pull-request' | 'issue' }
  | { readonly kind: 'pull-request'; readonly moment: Moment }
  | { readonly kind: 'push' }
  | { readonly kind: 'check'; readonly name: string; readonly subject: 'pull-request' | 'push' }
  | { readonly kind: 'schedule'; readonly family: string; readonly cron: string }
  | { readonly kind: 'dispatch'; readonly event: string }

export interface Start {
  readonly family: string
  readonly trigger: Machine
  /** Patterns, one of which a changed file has to match; left out where any change will do. */
  readonly paths?: readonly string[] | undefined
  readonly inputs: Readonly<Record<string, string>>
}

/** One for each workflow, by its first trigger that is meant. What no portfolio offers is not started. */
export function startsOn(configuration: Configuration, happening: Happening): readonly Start[] {
  return [...configuration.families.values()].flatMap(({ name, baseline: { on } }): Start[] => {
    const trigger = triggersOf(on).find((one) => isMeant(one, on, name, happening))
    if (trigger === undefined || payerOf(configuration, name) === undefined) return []
    const inputs = Object.fromEntries(Object.entries(trigger.inputs ?? {}).map(([key, value]) => [key, String(value)]))
    return [{ family: name, trigger: happening.kind, paths: 'paths' in trigger ? trigger.paths : undefined, inputs }]
  })
}

function isMeant(trigger: Trigger, on: On, family: string, happening: Happening): boolean {
  switch (happening.kind) {
    case 'label':
      return 'label' in trigger && trigger.label === happening.label && starts(trigger, on, happening.subject)
    case 'pull-request':
      return 'pull-request' in trigger && trigger['pull-request'].includes(happening.moment)
    case 'push':
      return 'push' in trigger
    case 'check':
      return 'check' in trigger && isNamed(trigger.name, happening.name) && starts(trigger, on, happening.subject)
    case 'schedule':
      return 'schedule' in trigger && family === happening.family && trigger.schedule === happening.cron
    case 'dispatch':
      return 'dispatch' in trigger && trigger.dispatch === happening.event
  }
}

function starts(trigger: Trigger, on: On, subject: SubjectKind): boolean {
  const named = subjectsOf(on.filter((one) => typeof one === 'string'))
  return subjectsStarted(trigger, named).includes(subject)
}

/** A check's name is no path: `*` stands for anything in it, slashes too. */
function isNamed(pattern: string | undefined, name: string): boolean {
  return pattern === undefined || picomatch.isMatch(name, pattern, { bash: true, dot: true })
}

/** Every schedule that is declared by what a portfolio offers. */
export function schedulesOf(configuration: Configuration): readonly { family: string; cron: string }[] {
  return [...configuration.families.values()].flatMap(({ name, baseline: { on } }) => {
    if (payerOf(configuration, name) === undefined) return []
    return triggersOf(on).flatMap((one) => ('schedule' in one ? [{ family: name, cron: one.schedule }] : []))
  })
}

/** Whether any workflow waits for such a thing at all; asked before more is read of GitHub. */
export function isAwaited(configuration: Configuration, kind: Machine): boolean {
  return [...configuration.families.values()].some(({ baseline: { on } }) => triggersOf(on).some((one) => kind in one))
}
