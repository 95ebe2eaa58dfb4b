/** What `post` does: when the job's process did not live to report, its journal does; then the run's files go. */
import { existsSync } from 'node:fs'
import type { Report } from '../core/report.ts'

import { isSilence, openDoor } from './door.ts'
import { readState } from './io.ts'
import { journalPath, readJournal } from './journal.ts'
import { clearRunDirectory, readReport, writeReport } from './run-files.ts'

/** Says what it did, for the log. Finishing twice changes nothing, so a report whose answer was lost may be repeated. */
export async function settleLate(): Promise<string | undefined> {
  const state = readState()
  if (state.baseDir === '' || !existsSync(state.baseDir)) return undefined
  let said: string | undefined
  if (state.finished === '' && state.token !== '' && existsSync(journalPath(state.baseDir))) {
    const written = readReport(state.baseDir)
    const report = written ?? lostReport(journalPath(state.baseDir))
    if (written === undefined) writeReport(state.baseDir, report, '')
    said = `The run's report was not taken; it has ${report.calls.length} model calls.`
    if (state.appUrl !== '' && state.token !== '') {
      const answer = await openDoor(state.appUrl).finish(state.token, state.runId, report)
      said +=
        !isSilence(answer) && 'conclusion' in answer
          ? ' They are settled.'
          : ` They could not be reported: ${answer.message}`
    }
  }
  clearRunDirectory(state.baseDir)
  return said
}

/** Everything that the journal knows; a call that was never answered counts at its reservation. */
function lostReport(path: string): Report {
  const calls = readJournal(path)
  const sum = (count: (call: Report['calls'][number]) => number) =>
    calls.reduce((total, call) => total + count(call), 0)
  return {
    version: 1,
    conclusion: 'cancelled',
    reason: 'lost',
    message: 'The job ended before the run could report; this is what its journal says.',
    spentMicroUsd: calls.reduce((total, call) => total + call.spentMicroUsd, 0n),
    inputTokens: sum((call) => call.inputTokens),
    cachedTokens: sum((call) => call.cachedTokens),
    outputTokens: sum((call) => call.outputTokens),
    steps: [],
    calls,
  }
}
