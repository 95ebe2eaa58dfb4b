/** Labels on a subject that runs worked on. */
import { outcomeLabels } from '../../core/outcome.ts'
import { code } from '../../core/text/markdown.ts'
import { say, withMarker } from '../../delivery/say.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { takeOff, unlessGone } from '../promotion/say.ts'
import { mayWrite, noteFor } from './note.ts'

export interface LabelEvent {
  readonly action: string
  readonly number: number
  readonly label: string
  /** Asked about once, and then forgotten. */
  readonly sender: { readonly login: string } | undefined
}

/**
 * A label counts when somebody set it who may write; that it is gone counts in any case. GitHub tells of a label only when it
 * comes or goes, so one that somebody else had set first could never be confirmed: an outcome label of theirs is taken off
 * again, visibly; any other stays, and counts once somebody who may write sets it anew. What a label says now is asked of
 * GitHub, as a delivery may be an old one.
 */
export async function noteLabel(parts: Parts, place: Place, runs: readonly Run[], event: LabelEvent): Promise<void> {
  const { number, label, sender } = event
  if (runs.length === 0) return
  const isOn = await isSetNow(place, number, label)
  if (event.action === 'unlabeled') {
    if (!isOn) await noteFor(parts, runs, { kind: 'label', key: label, value: 'off' })
    return
  }
  if (!isOn) return
  if (sender && (await mayWrite(place, sender))) {
    return noteFor(parts, runs, { kind: 'label', key: label, value: 'on' })
  }
  await noteFor(parts, runs, { kind: 'label', key: label, value: 'unconfirmed' })
  if (!outcomeLabels.includes(label)) return
  await takeOff(place, number, [label])
  await unlessGone(() => say(place, number, withMarker(`label-${number}`, notCounted(label))))
}

export async function isSetNow({ octokit, name }: Place, number: number, label: string): Promise<boolean> {
  const labels = await unlessGone(() =>
    octokit.rest.issues.listLabelsOnIssue({ ...name, issue_number: number, per_page: 100 }),
  )
  return labels?.data.some((one) => one.name === label) ?? false
}

function notCounted(label: string): string {
  return `The label ${code(label)} says what became of the work, and counts only when somebody with write access sets it. It was taken off.`
}
