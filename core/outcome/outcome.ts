/** What became of a run's work: declared rules over observed facts, first match wins. */
import type { OutcomeRule } from '../config/portfolios.ts'
import { formatShare } from '../promotion/measure.ts'
import type { ReasonCode } from '../reason.ts'
import type { Conclusion, DeliveryKind, Outcome } from '../run/run.ts'
import { isMostlyGone, type Rewritten } from './rewritten.ts'

/** The days after which a run that nothing was heard of counts as unknown. */
export const SILENCE_DAYS = 14
/** The same of an issue that a run has opened. */
export const ISSUE_SILENCE_DAYS = 60

/**
 * What GitHub showed of a run's work so far. Absent means not seen. For a commit, a review or a comment the subject
 * is the pull request or issue it was made on; for a pull request it is the delivered one itself. A commit that went
 * straight onto a branch counts as merged.
 */
export interface Facts {
  readonly conclusion: Conclusion
  /** Why it ended so; absent where it simply completed. */
  readonly reason?: ReasonCode | undefined
  /** Whether it had less to spend than its workflow's own cap: by an override, or for want of room. */
  readonly lowCap?: boolean | undefined
  /** Whether anything reached the repository, also by a maintainer's hand after it was withheld. */
  readonly delivered: boolean
  /** Whether its work is on a side branch of its own, which is no delivery. */
  readonly aside?: boolean | undefined
  readonly endedAt: Date
  /** Labels on the subject now, each set by somebody with write access. */
  readonly labels: readonly string[]
  readonly merged: boolean
  /** Closed without a merge. */
  readonly closed: boolean
  /** How an issue was closed, as GitHub says; a duplicate counts as not planned. */
  readonly closedAs?: 'completed' | 'not-planned' | undefined
  readonly reverted: boolean
  /** How much of its lines was no longer there when it was merged; absent where that could not be measured. */
  readonly rewritten?: Rewritten | undefined
  /** Whether any line that it commented on was changed before the merge; absent where it commented on none. */
  readonly heeded?: boolean | undefined
  /** All checks on the delivered head that ended and that nobody could forge; absent while none has. */
  readonly checks?: 'success' | 'failure' | undefined
  readonly review?: 'approved' | 'changes-requested' | undefined
}

export interface Decided {
  readonly outcome: Outcome
  /** The rule that matched, in words, and where it stands. */
  readonly rule: string
}

/** A rule that was looked at on the way to a decision. */
export interface RuleStep {
  /** `own`: of the repository, `outcomes[number - 1]`; else the built-in list of the delivery's kind. Counted from 1. */
  readonly list: 'own' | 'built-in'
  readonly number: number
  readonly outcome: OutcomeRule['outcome']
  /** Its conditions in words. */
  readonly says: string
  /** The first condition that does not hold, as it is instead; undefined for the rule that decides. */
  readonly unmet: string | undefined
}

export interface Explained {
  readonly decided: Decided
  /** The rules in the order in which they were tried, up to the one that decides; none where the run's own end decides. */
  readonly steps: readonly RuleStep[]
}

const labelled: readonly OutcomeRule[] = [
  { outcome: 'rejected', when: { label: 'agent/rejected' } },
  { outcome: 'reworked', when: { label: 'agent/reworked' } },
  { outcome: 'accepted', when: { label: 'agent/accepted' } },
]
/** The labels by which people say what the work was worth. */
export const outcomeLabels: readonly string[] = labelled.flatMap(({ when }) => when.label ?? [])
const silent: OutcomeRule = { outcome: 'unknown', when: { 'after-days': SILENCE_DAYS } }

/** In basis points. Where more was thrown away than kept, people did the work themselves. */
const MOSTLY_REWRITTEN = 5_000
const WHOLLY_REWRITTEN = 10_000

/** The work is in the tree, so the tree's fate is the work's. */
const changeRules: readonly OutcomeRule[] = [
  ...labelled,
  { outcome: 'rejected', when: { reverted: true } },
  { outcome: 'rejected', when: { closed: true } },
  // Nothing of it was merged: such as a head that was pushed over it by force.
  { outcome: 'rejected', when: { merged: true, rewritten: WHOLLY_REWRITTEN } },
  { outcome: 'reworked', when: { merged: true, rewritten: MOSTLY_REWRITTEN } },
  { outcome: 'reworked', when: { merged: true, checks: 'failure' } },
  { outcome: 'accepted', when: { merged: true } },
  silent,
]

/**
 * Words change no tree: the subject's checks, and whether it was merged, closed or reverted later, say nothing against
 * them. What can be seen is that people finished the subject with the words in front of them and nobody marked them
 * as wrong, which counts as accepted. To call it unknown would keep every review and triage out of promotion for good.
 * That is a weaker sign than a merge of the work itself, so the labels come first and the promotion issue names the rule.
 */
const wordRules: readonly OutcomeRule[] = [
  ...labelled,
  { outcome: 'accepted', when: { merged: true } },
  { outcome: 'accepted', when: { closed: true } },
  silent,
]

/** Of a review more can be seen: whether anybody changed a line that it was about. One without line comments asked for nothing. */
const reviewRules: readonly OutcomeRule[] = [
  ...labelled,
  { outcome: 'rejected', when: { merged: true, heeded: false } },
  ...wordRules.slice(labelled.length),
]

/** An issue is worth what people do with it. Its own silence lasts longer than a pull request's: it waits for its turn. */
const issueRules: readonly OutcomeRule[] = [
  ...labelled,
  { outcome: 'rejected', when: { 'closed-as': 'not-planned' } },
  { outcome: 'accepted', when: { closed: true } },
  { outcome: 'unknown', when: { 'after-days': ISSUE_SILENCE_DAYS } },
]

/** The rules that every repository has below its own, by kind of delivery. */
export const builtInRules: Readonly<Record<DeliveryKind, readonly OutcomeRule[]>> = {
  commit: changeRules,
  'pull-request': changeRules,
  review: reviewRules,
  comment: wordRules,
  issue: issueRules,
  // Nothing is handed over by design, so only people can say what it was worth.
  none: [...labelled, silent],
}

/**
 * The built-in rules that stand below a repository's own. Where it declares by itself when silence has a meaning (a rule of
 * `after-days` alone), that takes the place of the built-in days, be they more or less.
 */
function standardRules(declared: readonly OutcomeRule[], delivery: DeliveryKind): readonly OutcomeRule[] {
  const builtIn = builtInRules[delivery]
  return declared.some(isSilence) ? builtIn.filter((rule) => !isSilence(rule)) : builtIn
}

function isSilence({ when }: OutcomeRule): boolean {
  return (
    when['after-days'] !== undefined && Object.values(when).filter((condition) => condition !== undefined).length === 1
  )
}

/**
 * What became of the work of a run that has ended, as of `now`. Decided anew whenever a fact changes, so an
 * `unknown` may still become `accepted`.
 *
 * 1. A run without a delivery can't be accepted, whatever happens to its subject: nothing of it is there. It is
 *    rejected where its end speaks of the work itself (`undelivered` lists those reasons); every other end, such as an
 *    outage of the provider or somebody's stop, says nothing of it: unknown.
 * 2. Else the repository's own rules, in order, then those built in for the delivery's kind; the first whose
 *    conditions all hold decides. None yet: pending.
 */
export function decideOutcome(
  facts: Facts,
  declared: readonly OutcomeRule[],
  delivery: DeliveryKind,
  now: Date,
): Decided {
  return explainOutcome(facts, declared, delivery, now).decided
}

/** The same, with every rule that was tried on the way and what kept it from matching. */
export function explainOutcome(
  facts: Facts,
  declared: readonly OutcomeRule[],
  delivery: DeliveryKind,
  now: Date,
): Explained {
  const undelivered = decideUndelivered(facts, delivery)
  if (undelivered) return { decided: undelivered, steps: [] }
  const steps: RuleStep[] = []
  for (const [list, rules] of [
    ['own', declared],
    ['built-in', standardRules(declared, delivery)],
  ] as const) {
    for (const [index, { outcome, when }] of rules.entries()) {
      const step = { list, number: index + 1, outcome, says: words(when, facts), unmet: unmetBy(when, facts, now) }
      steps.push(step)
      if (step.unmet !== undefined) continue
      const where = list === 'own' ? `portfolios.yml outcomes[${index}]` : `built-in rule ${index + 1}`
      return { decided: { outcome, rule: `${where}: ${step.says}` }, steps }
    }
  }
  return { decided: { outcome: 'pending', rule: 'no rule matches yet' }, steps }
}

/**
 * When silence alone may next change what is decided: the first moment at which a rule that waits some days comes to hold
 * ahead of the one that holds now. Undefined when time changes nothing any more.
 */
export function silenceDecidesAt(
  facts: Facts,
  declared: readonly OutcomeRule[],
  delivery: DeliveryKind,
  now: Date,
): Date | undefined {
  if (decideUndelivered(facts, delivery)) return undefined
  const rules = [...declared, ...standardRules(declared, delivery)]
  const standing = rules.findIndex((rule) => holds(rule.when, facts, now))
  const moments = (standing === -1 ? rules : rules.slice(0, standing)).flatMap(({ when }) => {
    const days = when['after-days']
    const at = new Date(facts.endedAt.getTime() + (days ?? 0) * MS_PER_DAY)
    return days !== undefined && holds(when, facts, at) ? [at] : []
  })
  return moments.toSorted((a, b) => a.getTime() - b.getTime())[0]
}

/**
 * The reasons that speak of the work itself, in words. Whatever is not here came from outside: the
 * provider, the ledger, GitHub, the machine, a branch that moved, a setup that failed before any model was called.
 */
const undelivered: Readonly<Partial<Record<ReasonCode, string>>> = {
  'guard-paths': 'a guard withheld the work',
  'guard-diff': 'a guard withheld the work',
  'guard-command': 'a guard withheld the work',
  'guard-files': 'a guard withheld the work',
  'guard-secrets': 'a guard withheld the work',
  'guard-tests': 'a guard withheld the work',
  'step-failed': 'a command of the run failed',
  'attempts-exhausted': 'the work still failed after the last attempt',
  'turns-exhausted': 'the run used up its turns',
  'time-exhausted': 'the run reached its time limit',
  'cap-reached': 'the run ended at its cap',
}

function decideUndelivered(facts: Facts, delivery: DeliveryKind): Decided | undefined {
  if (facts.delivered) return undefined
  const { conclusion, reason, lowCap = false } = facts
  if (reason === 'awaits-approval' && conclusion === 'withheld') {
    return facts.labels.includes('agent/rejected')
      ? { outcome: 'rejected', rule: 'labelled agent/rejected while it waited for approval' }
      : { outcome: 'pending', rule: 'it waits for a person to approve it' }
  }
  const isCapLow = reason === 'cap-reached' && lowCap
  const said = reason === undefined ? undefined : undelivered[reason]
  if (said !== undefined && !isCapLow) return { outcome: 'rejected', rule: `${said}; ${whereabouts(facts)}` }
  switch (conclusion) {
    case 'completed':
      // It counts nowhere: work that was not needed says nothing of how good the workflow is.
      if (reason === 'nothing-to-do') return { outcome: 'pending', rule: 'there was nothing to do' }
      // Where nothing is handed over by design, people may still judge the run.
      return delivery === 'none' ? undefined : { outcome: 'unknown', rule: 'there was nothing to deliver' }
    case 'cancelled':
      return { outcome: 'unknown', rule: 'somebody stopped it' }
    case 'refused':
      return { outcome: 'unknown', rule: 'it never started' }
    case 'withheld':
    case 'capped':
    case 'failed': {
      const why = isCapLow
        ? 'the run ended at a cap below its workflow’s own'
        : `the run ended for a reason outside its work (${reason ?? 'none was given'})`
      return { outcome: 'unknown', rule: `${why}; ${whereabouts(facts)}` }
    }
  }
}

function whereabouts(facts: Facts): string {
  return facts.aside ? 'its work is on a side branch only' : 'nothing was delivered'
}

const MS_PER_DAY = 86_400_000

function holds(when: OutcomeRule['when'], facts: Facts, now: Date): boolean {
  return unmetBy(when, facts, now) === undefined
}

/** How it is instead, of the first condition that does not hold. */
function unmetBy(when: OutcomeRule['when'], facts: Facts, now: Date): string | undefined {
  const { label, rewritten } = when
  if (label !== undefined && !facts.labels.includes(label)) return `no label ${label} that counts`
  if (when.merged !== undefined && facts.merged !== when.merged) return facts.merged ? 'merged' : 'not merged'
  if (when.closed !== undefined && facts.closed !== when.closed) return facts.closed ? 'closed' : 'not closed'
  const closedAs = when['closed-as']
  if (closedAs !== undefined && facts.closedAs !== closedAs)
    return facts.closedAs === undefined ? 'not closed' : `closed as ${facts.closedAs.replace('-', ' ')}`
  if (when.reverted !== undefined && facts.reverted !== when.reverted)
    return facts.reverted ? 'reverted' : 'not reverted'
  if (rewritten !== undefined && !isMostlyGone(facts.rewritten, rewritten)) {
    const { gone = 0, lines = 0 } = facts.rewritten ?? {}
    const share = formatShare(gone, lines)
    return share === undefined ? 'how much was rewritten was not measured' : `${share} of its lines were gone`
  }
  if (when.heeded !== undefined && facts.heeded !== when.heeded)
    return facts.heeded === undefined ? 'it commented on no line' : facts.heeded ? 'heeded' : 'not heeded'
  if (when.checks !== undefined && facts.checks !== when.checks)
    return facts.checks === undefined ? 'no check that counts has ended' : `checks: ${facts.checks}`
  if (when.review !== undefined && facts.review !== when.review)
    return facts.review === undefined ? 'no review that counts' : `review: ${facts.review.replace('-', ' ')}`
  const days = when['after-days']
  if (days !== undefined && now.getTime() - facts.endedAt.getTime() < days * MS_PER_DAY)
    return `${days} days had not gone by`
  return undefined
}

/** A rule's conditions as a person would say them, with the number that was measured where there is one. */
function words(when: OutcomeRule['when'], { rewritten }: Facts): string {
  const said = [
    when.label === undefined ? undefined : `labelled ${when.label}`,
    yesOrNo(when.merged, 'merged'),
    yesOrNo(when.closed, 'closed without a merge'),
    when['closed-as'] === undefined ? undefined : `closed as ${when['closed-as'].replace('-', ' ')}`,
    yesOrNo(when.reverted, 'reverted'),
    when.rewritten === undefined ? undefined : rewrittenWords(when.rewritten, rewritten),
    when.heeded === undefined
      ? undefined
      : `${when.heeded ? 'some' : 'none'} of the lines it commented on were changed`,
    when.checks === undefined ? undefined : when.checks === 'success' ? 'its checks passed' : 'its checks failed',
    when.review === undefined ? undefined : when.review === 'approved' ? 'approved' : 'changes were requested',
    when['after-days'] === undefined ? undefined : `${when['after-days']} days went by`,
  ]
  return said.filter((word) => word !== undefined).join(', ')
}

function rewrittenWords(least: number, measured: Rewritten | undefined): string {
  if (!isMostlyGone(measured, least)) return `${least / 100}% or more of its lines were gone by then`
  const share = formatShare(measured?.gone ?? 0, measured?.lines ?? 0)
  return `${share} of its lines were gone by then, which is ${least / 100}% or more`
}

function yesOrNo(condition: boolean | undefined, word: string): string | undefined {
  return condition === undefined ? undefined : condition ? word : `not ${word}`
}
