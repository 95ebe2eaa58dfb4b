/** The pull request that carries a decision out, as the maintainer reads it who is to merge it. */
import { formatAtMostUsd, formatTokens, formatUsd } from '../money/money.ts'
import type { FileChanges } from '../promotion/promotion-change.ts'
import type { Extra } from '../promotion/squad-extra.ts'
import type { SuggestedCap } from '../promotion/suggested-cap.ts'
import { code, inline, paragraphs } from './markdown.ts'
import { workflowName } from './workflow-name.ts'

interface Changing {
  readonly workflow: string
  readonly variant: string
  /** The issue that was decided, with all the evidence. */
  readonly issueNumber: number
  /** Paths in the repository -> text; `undefined` where a file goes. */
  readonly files: FileChanges
  readonly ejected: boolean
  /** Variants whose overlays were written anew. */
  readonly rewritten: readonly string[]
}

export interface PromotePullView extends Changing {
  readonly proposal: 'promote'
  readonly keptAs: string
  readonly cap: SuggestedCap
  readonly oldCapMicroUsd: bigint
  readonly squad?: string | undefined
  /** `elsewhere`: the squad is declared in another layer, which this pull request can't change. */
  readonly extra?: (Extra & { readonly elsewhere: boolean }) | undefined
  /** What its runs cost within the window. */
  readonly usualMicroUsd?: bigint | undefined
  readonly oldUsualMicroUsd?: bigint | undefined
  readonly windowDays: number
}
export interface RollbackPullView extends Changing {
  readonly proposal: 'rollback'
  /** The variant that the old baseline is now. */
  readonly keptAs: string
}
export interface SunsetPullView extends Changing {
  readonly proposal: 'sunset'
}
/** Overrides that become a variant. */
export interface AdoptPullView extends Changing {
  readonly proposal: 'adopt'
  /** As somebody writes them behind a command. */
  readonly overrides: string
}
export type PromotionPullView = PromotePullView | RollbackPullView | SunsetPullView | AdoptPullView

export interface PullText {
  readonly title: string
  readonly body: string
}

export function promotionPull(view: PromotionPullView): PullText {
  const { files, issueNumber } = view
  const { title, opening, changes, undo, more = [] } = sectionsOf(view)
  return {
    title,
    body: paragraphs(
      opening,
      `**Why:** #${issueNumber} has the thresholds${view.proposal === 'adopt' ? ' and what such runs came to' : ', every run that counts and how to recompute them'}. It was approved there by a maintainer; merging this is the last word.`,
      `## What changes\n\n${[...changes, ...notes(view)].map((change) => `- ${change}`).join('\n')}`,
      `Files: ${fileList(files)}.`,
      ...more,
      `## How to undo it\n\n${undo}`,
      '<sub>Before this was opened, the result was resolved and compared: every other workflow and variant of the family means what it meant.</sub>',
    ),
  }
}

function sectionsOf(view: PromotionPullView): Sections {
  switch (view.proposal) {
    case 'promote':
      return promoteSections(view)
    case 'rollback':
      return rollbackSections(view)
    case 'sunset':
      return sunsetSections(view)
    case 'adopt':
      return adoptSections(view)
  }
}

interface Sections {
  readonly title: string
  readonly opening: string
  readonly changes: readonly string[]
  readonly undo: string
  readonly more?: readonly string[]
}

function promoteSections(view: PromotePullView): Sections {
  const { workflow, variant, keptAs, squad, windowDays } = view
  const name = code(workflowName(view))
  return {
    title: `Make ${workflow}/${variant} the standard ${workflow}`,
    opening: `This makes the variant ${name} the baseline of ${code(workflow)}: what ${code(`/agent ${workflow}`)} starts from then on.`,
    changes: [
      `The baseline is ${name}, written out whole; its overlay goes.`,
      `The old baseline stays, as the variant ${code(`${workflow}/${keptAs}`)}: exactly what it was, for comparison and for the way back.`,
      ...(squad === undefined
        ? []
        : [`Credit to squad **${inline(squad)}** is kept in the file, under ${code('credit')}.`]),
    ],
    more: [
      `## What it costs\n\n${costs(view)}`,
      ...(view.extra ? [`## The squad’s share\n\n${share(view.extra, squad)}`] : []),
    ],
    undo:
      `Revert this pull request, or choose the old baseline by name. For ${windowDays} days after the merge the new baseline’s ` +
      'checkpoints are held against what the old one did; if it does worse at two in a row, an issue proposes to roll it back, ' +
      'with a pull request ready.',
  }
}

function rollbackSections(view: RollbackPullView): Sections {
  const { workflow, variant, keptAs } = view
  return {
    title: `Roll ${workflow} back to what it was before ${variant}`,
    opening: `This makes ${code(`${workflow}/${keptAs}`)}, the old baseline, the baseline of ${code(workflow)} again.`,
    changes: [
      'The baseline is what it was before the promotion, with its old cap.',
      `What had been promoted stays, as the variant ${code(workflowName(view))}, with its squad.`,
      'An extra that its squad was given stays: it was for the work, not for the result.',
    ],
    undo: 'Revert this pull request.',
  }
}

function sunsetSections(view: SunsetPullView): Sections {
  const name = code(workflowName(view))
  return {
    title: `Retire the variant ${workflowName(view)}`,
    opening: `This takes the variant ${name} out of the catalog. ${code(view.workflow)} itself stays as it is.`,
    changes: [`${name} can’t be started any more. Its runs and what became of them stay in the ledger.`],
    undo: 'Revert this pull request.',
  }
}

function adoptSections(view: AdoptPullView): Sections {
  const name = code(workflowName(view))
  return {
    title: `Add the variant ${workflowName(view)}`,
    opening: `This adds the variant ${name}: ${code(view.workflow)} with ${code(view.overrides)}, which people asked for by hand.`,
    changes: [`${name} can be chosen by its name, and be given a share of subjects under ${code('trials')}.`],
    undo: 'Revert this pull request.',
  }
}

function notes({ workflow, ejected, rewritten }: Changing): string[] {
  const overlays = rewritten.map((name) => code(`${workflow}/${name}`)).join(' and ')
  return [
    ...(ejected
      ? [
          `${code(workflow)} came from a lower layer of the catalog. It is copied into this repository, which owns it from then on: later versions of the lower layer no longer change it.`,
        ]
      : []),
    ...(rewritten.length === 0
      ? []
      : rewritten.length === 1
        ? [`The overlay of ${overlays} is written anew over the new baseline; it means exactly what it meant.`]
        : [`The overlays of ${overlays} are written anew over the new baseline; they mean exactly what they meant.`]),
  ]
}

function costs(view: PromotePullView): string {
  const { cap, oldCapMicroUsd, usualMicroUsd, oldUsualMicroUsd, windowDays } = view
  const usually =
    usualMicroUsd === undefined
      ? undefined
      : `Usually ${formatUsd(usualMicroUsd)} a run${cap.nineInTenMicroUsd === undefined ? '' : `, nine in ten at most ${formatAtMostUsd(cap.nineInTenMicroUsd)}`}` +
        `, over ${cap.runs} runs of the last ${windowDays} days${oldUsualMicroUsd === undefined ? '' : ` (old baseline: usually ${formatUsd(oldUsualMicroUsd)})`}.`
  return paragraphs(
    usually,
    `**Never more than ${formatAtMostUsd(cap.capMicroUsd)}** (old baseline: ${formatAtMostUsd(oldCapMicroUsd)}). ${capReason(cap)}`,
  )
}

function capReason(cap: SuggestedCap): string {
  const { capMicroUsd, presentMicroUsd, leastMicroUsd, nineInTenMicroUsd, byRuleMicroUsd } = cap
  if (nineInTenMicroUsd === undefined || byRuleMicroUsd === undefined) {
    return 'No run of it has settled within the window, so the variant’s own cap stays.'
  }
  const rule = `What nine in ten runs cost at most, ${formatAtMostUsd(nineInTenMicroUsd)}, times one and a half, rounded up to a cent`
  if (byRuleMicroUsd === capMicroUsd) {
    const before =
      capMicroUsd < presentMicroUsd ? ` The variant’s own cap was ${formatAtMostUsd(presentMicroUsd)}.` : ''
    return `${rule}.${before}`
  }
  if (byRuleMicroUsd > presentMicroUsd) {
    return `${rule}, would be ${formatUsd(byRuleMicroUsd)}; a promotion never raises a cap, so the variant’s own stays.`
  }
  return (
    `${rule}, would be ${formatUsd(byRuleMicroUsd)}; but it is not worth starting with less than ${formatAtMostUsd(leastMicroUsd)} ` +
    `(its floor, or a tenth of its own cap, ${formatAtMostUsd(presentMicroUsd)}), since the worst case of each model call has to fit.`
  )
}

function share({ unit, amount, from, until, elsewhere }: Extra & { elsewhere: boolean }, squad = ''): string {
  const much = unit === 'usd' ? `$${amount.toFixed(2)}` : formatTokens(amount)
  const what = `Squad **${inline(squad)}** gets ${much} beyond its floor for the next sprint, ${from} to ${until}: the share of \`promotion.yml\`, the same for every squad.`
  return elsewhere
    ? `${what} It is declared in another layer, so the entry has to be added to \`exploration.squads\` there.`
    : `${what} If this is merged after that sprint began, move the days.`
}

function fileList(files: FileChanges): string {
  return [...files].map(([path, text]) => `${code(path)}${text === undefined ? ' (removed)' : ''}`).join(', ')
}
