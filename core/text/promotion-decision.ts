/** How a maintainer decides on a proposal: the labels, and the edits that carry a decision out. */
import type { LayerName } from '../config/configuration.ts'
import { code } from './markdown.ts'

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
}

export function howToDecide(view: Decidable): string {
  const labels = decisionLabels[view.decision]
  const then = view.decision === 'promote' ? promoting(view) : retiring(view)
  const reasons = Object.entries(refusalLabels).map(([label, says]) => `  - ${code(label)}: ${says}`)
  return [
    'Labels count when somebody with the maintain role sets them.',
    '',
    `- **Approve:** add the label ${code(labels.approved)}, then ${then}.`,
    `- **Refuse:** add the label ${code(labels.refused)} and one that says why, which is published:`,
    ...reasons,
    '- **Wait:** do nothing; the trial goes on and the issue stays open.',
  ].join('\n')
}

/** The keys move within one layer. A baseline of a lower layer can't be edited here, so it is taken over as a whole. */
function promoting({ workflow, overlay, baseline }: Decidable): string {
  if (overlay.layer === baseline.layer && overlay.layer !== 'built-in') {
    return `move the overlay’s keys into ${code(baseline.file)} and remove ${code(overlay.file)}`
  }
  const removed = overlay.layer === 'built-in' ? '' : `, and remove ${code(overlay.file)}`
  return (
    `make the workflow your own: ${copying(workflow, baseline)}, with the overlay’s keys applied to its ` +
    `${code('workflow.yml')}${removed}. There is no command for this yet; a folder with a ${code('workflow.yml')} takes the ` +
    'place of the one below it'
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
