/** How a maintainer decides on a proposal: the labels, and the edits that carry a decision out. */
import type { LayerName } from '../config/configuration.ts'
import { code, details, fenced, paragraphs } from './markdown.ts'

/** What a maintainer labels the issue with. The reason of a refusal is one of a closed list, so that it can be counted. */
export const decisionLabels = {
  promote: { proposed: 'promotion: proposed', approved: 'promotion: approved', refused: 'promotion: refused' },
  sunset: { proposed: 'sunset: proposed', approved: 'sunset: approved', refused: 'sunset: refused' },
} as const
export const refusalLabels = {
  'refused: too narrow': 'its runs are too alike to speak for the rest',
  'refused: quality': 'something is wrong with the work that the numbers don’t show',
  'refused: cost': 'it is not worth what it costs',
  'refused: upkeep': 'it is too much to look after',
  'refused: overtaken': 'another change makes it moot',
} as const

/** A file of the catalog, as a person opens it, and the layer that it belongs to. */
export interface CatalogFile {
  readonly layer: LayerName
  readonly file: string
}

export interface Decidable {
  readonly decision: 'promote' | 'sunset'
  readonly workflow: string
  readonly overlay: CatalogFile
  readonly baseline: CatalogFile
  readonly mergedSource: string
  readonly promptFiles: readonly string[]
}

/** A longer one could make the issue too long for GitHub, which then takes none of it. */
const MERGED_CHARACTERS_MAX = 11_000

export function howToDecide(view: Decidable): string {
  const labels = decisionLabels[view.decision]
  const isPromotion = view.decision === 'promote'
  const steps = isPromotion ? promoting(view) : [`${retiring(view)}.`]
  const then =
    steps.length === 1
      ? ` ${steps[0]}`
      : ` on the default branch\n${steps.map((step, index) => `  ${index + 1}. ${step}`).join('\n')}`
  const refusals = Object.entries(refusalLabels).map(([label, says]) => `  - ${code(label)}: ${says}`)
  const ways = [
    `- **Approve:** add the label ${code(labels.approved)}, then${then}`,
    `- **Refuse:** add the label ${code(labels.refused)} and one that says why, which is published:`,
    ...refusals,
    '- **Wait:** do nothing; the trial goes on and the issue stays open.',
  ].join('\n')
  return paragraphs(
    'Labels count when somebody with the maintain role sets them.',
    ways,
    isPromotion && hasRoom(view) ? mergedDetails(view) : undefined,
  )
}

/**
 * The edits, in order. The result goes where the baseline stands or, since a lower layer can't be edited from here,
 * into the repository's own folder of that name.
 */
function promoting(view: Decidable): readonly string[] {
  const { workflow, overlay, baseline, promptFiles } = view
  const isOwn = overlay.layer === baseline.layer && overlay.layer !== 'built-in'
  const target = isOwn ? baseline.file : `.github/purser/catalog/${workflow}/workflow.yml`
  const folder = target.replace(/[^/]+$/, '')
  const there = promptFiles.filter((file) => file.startsWith(folder))
  const elsewhere = promptFiles.filter((file) => !file.startsWith(folder))
  const lower = baseline.layer === 'built-in' ? 'built into Purser' : 'of the organisation’s layer'
  return [
    hasRoom(view)
      ? `put the merged workflow, which is below, into ${code(target)}`
      : `put ${code(baseline.file)} with the overlay’s keys applied (the result is too long for this issue) into ${code(target)}`,
    ...(there.length === 0 ? [] : [`keep ${there.map(code).join(', ')}, which it names`]),
    ...(elsewhere.length === 0
      ? []
      : [`copy ${elsewhere.map(code).join(', ')}, which it names too, into the folder ${code(folder)}`]),
    ...(isOwn || overlay.layer === 'repository' ? [`remove ${code(overlay.file)}`] : []),
    ...(isOwn
      ? []
      : [
          `copy what should stay of the other variants (${lower}): a repository’s workflow takes the place of the one of ` +
            'the same name below it, with all its variants',
        ]),
  ]
}

function hasRoom({ mergedSource }: Decidable): boolean {
  return mergedSource.length <= MERGED_CHARACTERS_MAX
}

function mergedDetails({ mergedSource }: Decidable): string {
  return details(
    'The merged workflow',
    `It is the baseline with the overlay’s keys applied.\n\n${fenced('yaml', mergedSource)}`,
  )
}

function retiring({ workflow, overlay, baseline }: Decidable): string {
  if (overlay.layer !== 'built-in') return `remove ${code(overlay.file)}`
  return (
    `make the workflow your own without it: ${copying(workflow, baseline)}, leaving ${code(overlay.file)} out. There is no ` +
    'command for this yet'
  )
}

function copying(workflow: string, baseline: CatalogFile): string {
  const folder = baseline.file.replace(/\/workflow\.ya?ml$/, '')
  const whose = baseline.layer === 'built-in' ? 'built into Purser' : 'of the organisation’s layer'
  return `copy the folder ${code(folder)} (${whose}) to ${code(`.github/purser/catalog/${workflow}`)}`
}
