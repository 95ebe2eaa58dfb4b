/** The issue that proposes a variant as the standard (or its sunset), with all the evidence a maintainer needs. */
import type { LayerName } from '../config/configuration.ts'
import { formatUsd } from '../money/money.ts'
import { formatInterval, wilsonInterval } from '../promotion/interval.ts'
import { formatShare, type Measure } from '../promotion/measure.ts'
import { spendPerAcceptedMicroUsd, type Tally } from '../promotion/tally.ts'
import type { Outcome } from '../run/run.ts'
import { code, details, fenced, inline, linesWithin, link, paragraphs, table } from './markdown.ts'
import { trialMarker } from './marker.ts'
import { decisionLabels, howToDecide, overdueLine } from './promotion-decision.ts'
import { type RepositoryRow, repositoriesTable } from './repositories-table.ts'
import { workflowName } from './workflow-name.ts'

/** A run of the window that counts: settled or unknown. */
export interface CountedRun {
  readonly runId: string
  /** The pull request, issue or commit: `#12` or a short commit id, and its page. */
  readonly subject: string
  readonly subjectUrl: string
  /** The day it ended, `2026-11-20`. */
  readonly day: string
  readonly spentMicroUsd: bigint
  readonly outcome: Exclude<Outcome, 'pending'>
  /** `Decided.rule`. */
  readonly rule: string
  readonly reverted: boolean
  /** Whether somebody chose this side by its name or it was assigned. */
  readonly by: 'choice' | 'assignment'
}

export interface CheckpointView {
  /** The variant's settled runs when it was looked at. */
  readonly settled: number
  readonly day: string
  readonly measures: readonly Measure[]
}

/**
 * One side of the comparison. `runs` are those of the tally, newest first; the caller may cut them off, and leaves those out that
 * not every reader may see.
 */
export interface Side {
  readonly tally: Tally
  /** Of the settled ones: those that nobody chose. */
  readonly assigned: number
  readonly runs: readonly CountedRun[]
}

/** A file of the catalog, as a person opens it, and the layer that it belongs to. */
export interface CatalogFile {
  readonly layer: LayerName
  readonly file: string
}

export interface PromotionView {
  readonly decision: 'promote' | 'sunset'
  readonly workflow: string
  readonly variant: string
  /** The overlay's summary. */
  readonly summary: string
  readonly squad?: string | undefined
  readonly windowDays: number
  readonly variantSide: Side
  readonly baselineSide: Side
  /** Where an organisation's variant is judged over all repositories that declare the same; else empty. */
  readonly repositories: readonly RepositoryRow[]
  /** `owner/name` of the repository that judges it. */
  readonly repository: string
  /** The last two, oldest first. */
  readonly checkpoints: readonly CheckpointView[]
  /** `sunset.accepted-below` of `promotion.yml`, in basis points. */
  readonly sunsetBelowBasisPoints: number
  /** Guards that the baseline has and the variant loosens or leaves out: the key, and what it comes to. */
  readonly weakened: readonly { readonly path: readonly (string | number)[]; readonly words: string }[]
  /** The overlay as written, and where it stands. */
  readonly overlaySource: string
  readonly overlay: CatalogFile
  /** The commit of the default branch whose rules were used. */
  readonly configSha: string
  /** The day it was proposed on, once it is overdue. */
  readonly overdueSince?: string | undefined
}

export interface IssueText {
  readonly title: string
  readonly body: string
  readonly labels: readonly string[]
}

/** GitHub takes 65,536 characters; the parts that grow with the evidence share them. */
const REJECTED_CHARACTERS_MAX = 11_000
const RUNS_CHARACTERS_MAX = 11_000
const OVERLAY_CHARACTERS_MAX = 9_000
const ACCEPTED_SHOWN = 3

export function promotionIssue(view: PromotionView): IssueText {
  const name = workflowName(view)
  const last = view.checkpoints.at(-1)
  const title = {
    promote: `Make ${name} the standard ${view.workflow}`,
    sunset: `Retire the variant ${name}`,
  }[view.decision]
  const body = paragraphs(
    `${trialMarker(view.workflow, view.variant, last?.settled ?? 0)}\n${opening(view)}`,
    view.overdueSince === undefined ? undefined : overdueLine(view.overdueSince),
    credit(view),
    `## What the variant changes\n\n${inline(view.summary)}`,
    weakenedText(view),
    overlayText(view),
    view.decision === 'sunset' ? `## What decides a sunset\n\n${sunsetTable(view)}` : undefined,
    `## The thresholds${view.decision === 'sunset' ? ' of a promotion, for comparison' : ''}\n\n${thresholdsTable(view.checkpoints)}`,
    'The thresholds are public and the same for every squad. Missing data never passes; pending runs count nowhere.',
    `## The variant beside its baseline\n\n${sidesTable(view)}`,
    overlapLine(view),
    repositoriesText(view),
    `## Examples\n\n${examples(view.variantSide)}`,
    `## How to decide\n\n${howToDecide(view.decision)}`,
    `## How to recompute it\n\n${howToRecompute(view)}`,
    runsDetails('Every run of the variant that counts', view.variantSide),
    runsDetails('Every run of the baseline that counts', view.baselineSide),
  )
  return { title, body, labels: [decisionLabels[view.decision].proposed] }
}

function opening(view: PromotionView): string {
  const at = view.checkpoints.map((checkpoint) => checkpoint.settled).join(' and at ')
  const name = code(workflowName(view))
  if (view.decision === 'promote') {
    return (
      `**${name} met every public threshold twice in a row: at ${at} settled runs.** It is proposed as the new standard ` +
      `${code(view.workflow)}. ${inShort(view)} Nothing changes until a maintainer decides.`
    )
  }
  const below = formatBasisPoints(view.sunsetBelowBasisPoints)
  return (
    `**Fewer than ${below} of the runs of ${name} were accepted, twice in a row: at ${at} settled runs.** ` +
    `It is proposed to leave the catalog. ${inShort(view)} Nothing changes until a maintainer decides.`
  )
}

function inShort({ variantSide, baselineSide }: PromotionView): string {
  const own = variantSide.tally
  const standard = baselineSide.tally
  const accepted = `Of its ${own.settled} settled runs ${own.accepted} were accepted (baseline: ${standard.accepted} of ${standard.settled})`
  return `${accepted}${costOfAccepted(spendPerAcceptedMicroUsd(own), spendPerAcceptedMicroUsd(standard))}.`
}

function costOfAccepted(own: bigint | undefined, standard: bigint | undefined): string {
  if (own !== undefined) {
    const beside = standard === undefined ? 'no run was accepted, so it has none' : formatUsd(standard)
    return `, at ${formatUsd(own)} for each accepted run (baseline: ${beside})`
  }
  const beside = standard === undefined ? '' : ` (baseline: ${formatUsd(standard)})`
  return `; no run was accepted, so there is no cost for each accepted run${beside}`
}

function credit({ squad, decision }: PromotionView): string | undefined {
  if (squad === undefined) return undefined
  const name = `squad **${inline(squad)}**`
  return decision === 'promote' ? `Worked out by ${name}, which gets the credit.` : `Tried out by ${name}.`
}

/** What nobody should have to find in the overlay. */
export function weakenedText(
  { weakened }: Pick<PromotionView, 'weakened'>,
  than = 'than the baseline',
): string | undefined {
  if (weakened.length === 0) return undefined
  const lines = weakened.map(({ path, words }) => `- ${code(path.join('.'))} ${inline(words)}`)
  return `**It guards less ${than}:**\n\n${lines.join('\n')}`
}

function overlayText(view: PromotionView): string {
  const { shown, left } = linesWithin(view.overlaySource.trimEnd().split('\n'), OVERLAY_CHARACTERS_MAX)
  const rest = left === 0 ? '' : `\n\n${left} more lines are in the file.`
  return `The whole difference from the baseline, ${code(view.overlay.file)}:\n\n${fenced('yaml', shown.join('\n'))}${rest}`
}

const thresholdNames = {
  runs: 'Runs',
  'baseline-runs': 'Runs of the baseline',
  subjects: 'Subjects',
  accepted: 'Accepted',
  'accepted-baseline': 'Accepted, beside the baseline',
  'spend-per-accepted': 'Cost for each accepted run',
  unknown: 'Unknown',
  reverted: 'Reverted',
  'reverted-baseline': 'Reverted, beside the baseline',
} as const satisfies Record<Measure['threshold'], string>

/** What is needed is told as of the last checkpoint, since the baseline's own numbers move. */
export function thresholdsTable(checkpoints: readonly CheckpointView[]): string {
  const last = checkpoints.at(-1)
  const head = ['', 'needed', ...checkpointHeads(checkpoints)]
  const rows = (last?.measures ?? []).map((measure) => [
    `**${thresholdNames[measure.threshold]}**`,
    measure.required,
    ...checkpoints.map((one) => measured(one.measures.find(({ threshold }) => threshold === measure.threshold))),
  ])
  return table(head, rows)
}

function sunsetTable({ checkpoints, sunsetBelowBasisPoints }: PromotionView): string {
  const accepted = checkpoints.map(({ measures }) => measures.find(({ threshold }) => threshold === 'accepted'))
  return table(
    ['', 'proposed where', ...checkpointHeads(checkpoints)],
    [
      [
        '**Accepted**',
        `below ${formatBasisPoints(sunsetBelowBasisPoints)}, twice in a row`,
        ...accepted.map((one) => one?.measured ?? 'no data'),
      ],
    ],
  )
}

function checkpointHeads(checkpoints: readonly CheckpointView[]): string[] {
  return checkpoints.map(({ settled, day }) => `at ${settled} settled runs (${day})`)
}

function measured(measure: Measure | undefined): string {
  if (measure?.measured === undefined) return 'no data ✗'
  return `${measure.measured} ${measure.holds ? '✓' : '✗'}`
}

function sidesTable(view: PromotionView): string {
  const sides = [view.variantSide, view.baselineSide]
  const row = (what: string, cell: (side: Side) => string) => [what, ...sides.map(cell)]
  return table(
    ['', code(workflowName(view)), `${code(view.workflow)} (baseline)`],
    [
      row('settled runs', ({ tally }) => `${tally.settled}`),
      row('of these chosen / assigned', ({ tally, assigned }) => `${tally.settled - assigned} / ${assigned}`),
      row('accepted', ({ tally }) => share(tally.accepted, tally.settled)),
      row('95% interval of accepted (shown, never decides)', interval),
      row('reworked', ({ tally }) => share(tally.reworked, tally.settled)),
      row('rejected', ({ tally }) => share(tally.rejected, tally.settled)),
      row('reverted', ({ tally }) => share(tally.reverted, tally.settled)),
      row('unknown, beside the settled', ({ tally }) => share(tally.unknown, tally.settled + tally.unknown)),
      row('different subjects', ({ tally }) => `${tally.subjects}`),
      row('cost in all', ({ tally }) => formatUsd(tally.spendMicroUsd)),
      row('cost for each accepted run', ({ tally }) => spendPerAccepted(tally)),
    ],
  )
}

function repositoriesText({ repositories, variantSide, baselineSide }: PromotionView): string | undefined {
  if (repositories.length === 0) return undefined
  const pooled = { variant: variantSide.tally, baseline: baselineSide.tally }
  return `## By repository\n\n${repositoriesTable(repositories, pooled, 'holds this catalog')} Runs of the others are counted, and not shown below.`
}

/** What the intervals mean, for who doesn't read them every day. */
function overlapLine({ variantSide, baselineSide }: PromotionView): string | undefined {
  const own = wilsonInterval(variantSide.tally.accepted, variantSide.tally.settled)
  const standard = wilsonInterval(baselineSide.tally.accepted, baselineSide.tally.settled)
  if (!own || !standard) return undefined
  const overlap = own.lowPercent <= standard.highPercent && standard.lowPercent <= own.highPercent
  return overlap
    ? 'The intervals overlap: the difference in what was accepted may be chance.'
    : 'The intervals do not overlap: the difference in what was accepted is hardly chance.'
}

function interval({ tally }: Side): string {
  const wilson = wilsonInterval(tally.accepted, tally.settled)
  return wilson === undefined ? 'no data' : formatInterval(wilson)
}

function share(part: number, whole: number): string {
  return formatShare(part, whole) ?? 'no data'
}

function spendPerAccepted(tally: Tally): string {
  const amount = spendPerAcceptedMicroUsd(tally)
  return amount === undefined ? 'none was accepted' : formatUsd(amount)
}

/** Three that were accepted, and all that were rejected: what went wrong is what a maintainer needs to see. */
export function examples({ runs, tally }: Side): string {
  const accepted = runs.filter((run) => run.outcome === 'accepted').slice(0, ACCEPTED_SHOWN)
  const rejected = runs.filter((run) => run.outcome === 'rejected')
  const { shown } = linesWithin(rejected.map(exampleLine), REJECTED_CHARACTERS_MAX)
  const left = tally.rejected - shown.length
  const more = left > 0 ? `\n- and ${left} more, which are not shown here` : ''
  return paragraphs(
    accepted.length === 0
      ? 'No run was accepted.'
      : `**Accepted** (${accepted.length === tally.accepted ? 'all' : 'the newest'} ${accepted.length} of ${tally.accepted})\n\n${accepted.map(exampleLine).join('\n')}`,
    tally.rejected === 0
      ? '**Rejected:** none.'
      : `**Rejected** (${tally.rejected === 1 ? 'the only one' : `all ${tally.rejected}`})\n\n${shown.join('\n')}${more}`,
  )
}

function exampleLine(run: CountedRun): string {
  const reverted = run.reverted ? ', reverted' : ''
  return `- ${subjectLink(run)}, ${run.day}, cost ${formatUsd(run.spentMicroUsd)}${reverted}, ${run.outcome} (${rule(run)})`
}

export function runsDetails(summary: string, side: Side): string | undefined {
  if (side.runs.length === 0) return undefined
  const rows = side.runs.map(
    (run) =>
      `| ${subjectLink(run)} | ${run.day} | ${formatUsd(run.spentMicroUsd)} | ${run.outcome} | ${rule(run)} | ` +
      `${run.reverted ? 'yes' : ''} | ${run.by === 'choice' ? 'chosen' : 'assigned'} |`,
  )
  const { shown } = linesWithin(rows, RUNS_CHARACTERS_MAX)
  const left = side.tally.settled + side.tally.unknown - shown.length
  const head = table(['subject', 'ended', 'cost', 'outcome', 'rule', 'reverted', 'chosen or assigned'], [])
  const more = left > 0 ? `\n\nand ${left} more, which are not shown here.` : ''
  return details(summary, `${head}\n${shown.join('\n')}${more}`)
}

function subjectLink(run: CountedRun): string {
  return link(/^#\d+$/.test(run.subject) ? run.subject : code(run.subject), run.subjectUrl)
}

function rule(run: CountedRun): string {
  return inline(run.rule, 150)
}

function howToRecompute(view: PromotionView): string {
  return (
    `Everything here is counting. The runs below ended in the last ${view.windowDays} days; count them by outcome, add ` +
    'up what they cost, and hold the sums against `promotion.yml`. People judged the work by what they did with it: they ' +
    'labelled, merged, closed or reverted it. Code made outcomes of that, by the rules of the default branch at commit ' +
    `${code(view.configSha.slice(0, 12))}; each outcome names its rule. ${code(`purser evidence --family ${view.workflow} --repository ${view.repository}`)} counts it all from the App’s ledger, and with ${code('--now')} as of an earlier moment.`
  )
}

function formatBasisPoints(basisPoints: number): string {
  const hundredths = basisPoints % 100
  const whole = (basisPoints - hundredths) / 100
  return hundredths === 0 ? `${whole}%` : `${whole}.${hundredths.toString().padStart(2, '0')}%`
}
