/** What became of a run's work: declared rules over observed facts, first match wins. */
import type { OutcomeRule } from './config/portfolios.ts'
import type { Conclusion, DeliveryKind, Outcome } from './run.ts'

/** The days after which a run that nothing was heard of counts as unknown. */
export const SILENCE_DAYS = 14

/**
 * What GitHub showed of a run's work so far. Absent means not seen. For a commit, a review or a comment the subject
 * is the pull request or issue it was made on; for a pull request it is the delivered one itself. A commit that went
 * straight onto a branch counts as merged.
 */
export interface Facts {
  readonly conclusion: Conclusion
  /** Whether anything reached the repository, also by a maintainer's hand after it was withheld. */
  readonly delivered: boolean
  /** Whether the subject was merged or closed before the work could get there, so that it was put aside. */
  readonly overtaken?: boolean | undefined
  readonly endedAt: Date
  /** Labels on the subject now, each set by somebody with write access. */
  readonly labels: readonly string[]
  readonly merged: boolean
  /** Closed without a merge. */
  readonly closed: boolean
  readonly reverted: boolean
  /** All checks on the delivered head that ended; absent while none has. */
  readonly checks?: 'success' | 'failure' | undefined
  readonly review?: 'approved' | 'changes-requested' | undefined
}

export interface Decided {
  readonly outcome: Outcome
  /** The rule that matched, in words, and where it stands. */
  readonly rule: string
}

const labelled: readonly OutcomeRule[] = [
  { outcome: 'rejected', when: { label: 'agent/rejected' } },
  { outcome: 'reworked', when: { label: 'agent/reworked' } },
  { outcome: 'accepted', when: { label: 'agent/accepted' } },
]
const silent: OutcomeRule = { outcome: 'unknown', when: { 'after-days': SILENCE_DAYS } }

/** The work is in the tree, so the tree's fate is the work's. */
const changeRules: readonly OutcomeRule[] = [
  ...labelled,
  { outcome: 'rejected', when: { reverted: true } },
  { outcome: 'rejected', when: { closed: true } },
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

/** The rules that every repository has below its own, by kind of delivery. */
export const builtInRules: Readonly<Record<DeliveryKind, readonly OutcomeRule[]>> = {
  commit: changeRules,
  'pull-request': changeRules,
  review: wordRules,
  comment: wordRules,
  // Nothing is handed over by design, so only people can say what it was worth.
  none: [...labelled, silent],
}

/**
 * What became of the work of a run that has ended, as of `now`. Decided anew whenever a fact changes, so an
 * `unknown` may still become `accepted`.
 *
 * 1. A run without a delivery can't be accepted, whatever happens to its subject: nothing of it is there. `withheld`,
 *    `capped` and `failed` count as rejected, since money was spent and the repository took nothing. Stopped by a
 *    person, refused, completed with nothing to change, or overtaken by its subject's end says nothing about the
 *    work: unknown.
 * 2. Else the repository's own rules, in order, then those built in for the delivery's kind; the first whose
 *    conditions all hold decides. None yet: pending.
 */
export function decideOutcome(
  facts: Facts,
  declared: readonly OutcomeRule[],
  delivery: DeliveryKind,
  now: Date,
): Decided {
  const undelivered = decideUndelivered(facts, delivery)
  if (undelivered) return undelivered
  const builtIn = builtInRules[delivery]
  const own = declared.findIndex((rule) => holds(rule.when, facts, now))
  const ownRule = declared[own]
  if (ownRule) return { outcome: ownRule.outcome, rule: `portfolios.yml outcomes[${own}]: ${words(ownRule.when)}` }
  const standard = builtIn.findIndex((rule) => holds(rule.when, facts, now))
  const rule = builtIn[standard]
  if (rule) return { outcome: rule.outcome, rule: `built-in rule ${standard + 1}: ${words(rule.when)}` }
  return { outcome: 'pending', rule: 'no rule matches yet' }
}

function decideUndelivered(facts: Facts, delivery: DeliveryKind): Decided | undefined {
  if (facts.delivered) return undefined
  switch (facts.conclusion) {
    case 'completed':
      return delivery === 'none' ? undefined : { outcome: 'unknown', rule: 'there was nothing to deliver' }
    case 'cancelled':
      return { outcome: 'unknown', rule: 'somebody stopped it' }
    case 'refused':
      return { outcome: 'unknown', rule: 'it never started' }
    case 'withheld':
      if (facts.overtaken) return { outcome: 'unknown', rule: 'its subject was merged or closed before the work came' }
      return withoutDelivery(facts)
    case 'capped':
    case 'failed':
      return withoutDelivery(facts)
  }
}

function withoutDelivery({ conclusion }: Facts): Decided {
  return { outcome: 'rejected', rule: `nothing was delivered: the run ended ${conclusion}` }
}
const MS_PER_DAY = 86_400_000

function holds(when: OutcomeRule['when'], facts: Facts, now: Date): boolean {
  const days = when['after-days']
  return (
    (when.label === undefined || facts.labels.includes(when.label)) &&
    (when.merged === undefined || facts.merged === when.merged) &&
    (when.closed === undefined || facts.closed === when.closed) &&
    (when.reverted === undefined || facts.reverted === when.reverted) &&
    (when.checks === undefined || facts.checks === when.checks) &&
    (when.review === undefined || facts.review === when.review) &&
    (days === undefined || now.getTime() - facts.endedAt.getTime() >= days * MS_PER_DAY)
  )
}

/** A rule's conditions as a person would say them. */
function words(when: OutcomeRule['when']): string {
  const said = [
    when.label === undefined ? undefined : `labelled ${when.label}`,
    yesOrNo(when.merged, 'merged'),
    yesOrNo(when.closed, 'closed without a merge'),
    yesOrNo(when.reverted, 'reverted'),
    when.checks === undefined ? undefined : when.checks === 'success' ? 'its checks passed' : 'its checks failed',
    when.review === undefined ? undefined : when.review === 'approved' ? 'approved' : 'changes were requested',
    when['after-days'] === undefined ? undefined : `${when['after-days']} days went by`,
  ]
  return said.filter((word) => word !== undefined).join(', ')
}

function yesOrNo(condition: boolean | undefined, word: string): string | undefined {
  return condition === undefined ? undefined : condition ? word : `not ${word}`
}
