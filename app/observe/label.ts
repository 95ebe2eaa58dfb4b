/** Labels on a subject that runs worked on. */
import { outcomeLabels } from '../../core/outcome/outcome.ts'
import { code } from '../../core/text/markdown.ts'
import { unlessMissing } from '../../delivery/github.ts'
import { say, withMarker } from '../../delivery/say.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import { takeOff } from '../promotion/say.ts'
import type { Place } from '../subject/place.ts'
import { newest, PAGE } from './newest.ts'
import { mayWrite, noteFor } from './note.ts'
import { whenWas } from './when.ts'

/** What a webhook told of one label. */
export interface ToldLabel {
  readonly label: string
  /** Asked about once, and then forgotten. */
  readonly sender: Sender | undefined
}

interface Sender {
  readonly login: string
}

/** Whoever set a label last, and when. */
interface Setting {
  readonly sender: Sender | undefined
  readonly at: Date
}

/**
 * A label counts when somebody set it who may write; that it is gone counts in any case. Which labels there are and who set
 * them is asked of GitHub as it stands now, whoever brings the news: a delivery may be an old one, or never come. A label says
 * nothing of a run that was begun after it was set.
 *
 * An outcome label of somebody who may not write is taken off again, visibly, since it could not be set anew while it is
 * there; any other stays and doesn't count. `told`: looks at this one alone; else at all.
 */
export async function noteLabels(
  parts: Parts,
  place: Place,
  runs: readonly Run[],
  number: number,
  told?: ToldLabel,
): Promise<void> {
  if (runs.length === 0) return
  const there = await labelsNow(place, number)
  if (there === undefined) return
  await noteGone(parts, place, runs, there, told?.label)
  const set = told === undefined ? there : there.filter((name) => name === told.label)
  if (set.length === 0) return
  const settings = await settingsOf(parts, place, number, set, told)
  const may = new Map<string, Promise<boolean>>()
  for (const [label, { sender, at }] of settings) {
    // GitHub's times are whole seconds.
    const later = runs.filter((run) => run.createdAt.getTime() <= at.getTime() + 1000)
    if (later.length === 0) continue
    if (sender !== undefined && !may.has(sender.login)) may.set(sender.login, mayWrite(place, sender))
    if (sender !== undefined && (await may.get(sender.login))) {
      await noteFor(parts, place, later, { kind: 'label', key: label, value: 'on' })
      continue
    }
    await noteFor(parts, place, later, { kind: 'label', key: label, value: 'unconfirmed' })
    if (sender === undefined || !outcomeLabels.includes(label)) continue
    await takeOff(place, number, [label])
    await unlessMissing(() => say(place, number, withMarker(`label-${number}`, notCounted(label))))
  }
}

/** Whether it is there now: an event may come late. */
export async function isSetNow(place: Place, number: number, label: string): Promise<boolean> {
  return (await labelsNow(place, number))?.includes(label) ?? false
}

/** Who set a label that is there; undefined where it is not, or where GitHub does not say. */
export async function setterNow(place: Place, number: number, label: string): Promise<Setter | undefined> {
  if (!(await isSetNow(place, number, label))) return undefined
  const last = lastOf(await eventsOn(place, number), label)
  return last?.event === 'labeled' ? (last.actor ?? undefined) : undefined
}

interface Setter extends Sender {
  readonly type?: string | undefined
}

/** Undefined where the subject itself is gone. */
async function labelsNow({ octokit, name }: Place, number: number): Promise<readonly string[] | undefined> {
  const labels = await unlessMissing(() =>
    octokit.rest.issues.listLabelsOnIssue({ ...name, issue_number: number, per_page: PAGE }),
  )
  return labels?.data.map((label) => label.name)
}

async function noteGone(
  parts: Parts,
  place: Place,
  runs: readonly Run[],
  there: readonly string[],
  only: string | undefined,
): Promise<void> {
  const noted = await parts.prisma.fact.findMany({
    where: {
      runId: { in: runs.map(({ id }) => id) },
      kind: 'label',
      value: { not: 'off' },
      ...(only && { key: only }),
    },
  })
  for (const { runId, key } of noted.filter(({ key }) => !there.includes(key))) {
    const run = runs.filter(({ id }) => id === runId)
    await noteFor(parts, place, run, { kind: 'label', key, value: 'off' })
  }
}

/** By the newest of GitHub's own events; where those are silent, as they may be for a moment, by what the webhook told. */
async function settingsOf(
  parts: Parts,
  place: Place,
  number: number,
  labels: readonly string[],
  told: ToldLabel | undefined,
): Promise<ReadonlyMap<string, Setting>> {
  const events = await eventsOn(place, number)
  const settings = new Map<string, Setting>()
  for (const label of labels) {
    const last = lastOf(events, label)
    if (last?.event === 'labeled') {
      settings.set(label, { sender: last.actor ?? undefined, at: await whenWas(parts, last.created_at) })
    } else settings.set(label, { sender: told?.sender, at: parts.now() })
  }
  return settings
}

function eventsOn({ octokit, name }: Place, number: number) {
  return newest((page) => octokit.rest.issues.listEvents({ ...name, issue_number: number, per_page: PAGE, page }))
}

function lastOf(events: Awaited<ReturnType<typeof eventsOn>>, label: string) {
  return events.findLast((event) => 'label' in event && event.label.name === label)
}

function notCounted(label: string): string {
  return `The label ${code(label)} says what became of the work, and counts only when somebody with write access sets it. It was taken off.`
}
