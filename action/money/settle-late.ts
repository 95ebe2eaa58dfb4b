/** What `post` does: when the job's process did not live to report, its journal does; then the run's files go. */
import { existsSync } from 'node:fs'
import { isRefusal } from '../../core/reason.ts'
import type { Report } from '../../core/run/report.ts'
import { isSilence, openDoor } from '../door/door.ts'
import { Meantime } from '../door/meantime.ts'
import { Reporting } from '../door/reporting.ts'
import { readState, type SavedState } from '../job/io.ts'
import { clearRunDirectory, readCheckpoint, readReport, withoutWork, writeReport } from '../job/run-files.ts'
import { eventsPath, readRecorded } from '../session/recording.ts'
import { callsReport } from './calls-report.ts'
import { journalPath, readJournal } from './journal.ts'

/** For what is left of the log, and in so many bodies. */
const TELLING_MS = 20_000
const BODIES_MAX = 100

/** Says what it did, for the log. Finishing twice changes nothing, so a report whose answer was lost may be repeated. */
export async function settleLate(): Promise<string | undefined> {
  const state = readState()
  if (state.baseDir === '' || !existsSync(state.baseDir)) return undefined
  const said = state.finished === '' && state.token !== '' ? await settle(state) : undefined
  clearRunDirectory(state.baseDir)
  return said
}

async function settle(state: SavedState): Promise<string> {
  const report = readReport(state.baseDir)?.report ?? writeLostReport(state.baseDir)
  if (report === undefined) return LOST
  await tellRest(state, report.spentMicroUsd)
  const sent = state.keepWork === 'true' ? withoutWork(report) : report
  const answer = await openDoor(state.appUrl).finish(state.token, state.runId, sent)
  const said = `The run's report was not taken; it has ${report.calls.length} model calls.`
  const settled = !isSilence(answer) && 'conclusion' in answer
  return settled ? `${said} They are settled.` : `${said} They could not be reported: ${answer.message}`
}

/** What the process did not live to tell of its log and its checkpoint, so that another run can go on from there. */
async function tellRest({ baseDir, appUrl, token, runId, keepWork }: SavedState, spentMicroUsd: bigint): Promise<void> {
  const reporting = new Reporting(readRecorded(eventsPath(baseDir)), new Meantime(), keepWork === 'true')
  const saved = readCheckpoint(baseDir)
  if (saved !== undefined) reporting.checkpoint(saved)
  const door = openDoor(appUrl)
  const signal = AbortSignal.timeout(TELLING_MS)
  for (let sequence = 0; reporting.hasMore && sequence < BODIES_MAX && !signal.aborted; sequence += 1) {
    const told = reporting.next()
    const body = { sequence, spentMicroUsd, wantMicroUsd: 0n, ...told }
    const reply = await door.events(token, runId, body, signal)
    if (isSilence(reply) || isRefusal(reply)) return
    reporting.heard(told, reply)
  }
}

const LOST =
  'The run left neither a report nor its journal, so nobody knows what was spent. The App is told nothing, and what was drawn counts as spent when the run’s lease is over.'

/** Everything that the journal knows; a call that was never answered counts at its reservation. Undefined where it is lost. */
function writeLostReport(baseDir: string): Report | undefined {
  const calls = readJournal(journalPath(baseDir))
  if (calls === undefined) return undefined
  const report =
    calls.length === 0
      ? callsReport([], 'cancelled', 'cancelled', 'The job ended before any model was called; nothing was spent.')
      : callsReport(
          calls,
          'cancelled',
          'lost',
          'The job ended before the run could report; this is what its journal says.',
        )
  writeReport(baseDir, report, '')
  return report
}
