/** `--issue` and `--log` of `purser run`: what the App reads from GitHub, from files or standard input. */
import { createReadStream, statSync } from 'node:fs'
import { discussion, failedLog } from '../../core/session/subject-words.ts'
import type { RunOptions } from '../commands/run.ts'

export const STDIN = '-'
const ISSUE_BYTES_MAX = 1_000_000
/** Of a log only the end is wanted. */
const LOG_KEPT_BYTES = 200_000
const TITLE_CHARACTERS_MAX = 500

export interface SubjectWords {
  /** In place of the commit's. */
  readonly title?: string
  readonly text?: string
  readonly log?: string
}

/** What was given, or in words what is wrong with it. */
export async function readSubjectWords({
  issue,
  log,
}: Pick<RunOptions, 'issue' | 'log'>): Promise<SubjectWords | { usage: string }> {
  if (issue === STDIN && log === STDIN) return { usage: 'only one of --issue and --log can be standard input' }
  const text = issue === undefined ? undefined : await endOf(issue, '--issue', ISSUE_BYTES_MAX)
  if (text && 'problem' in text) return { usage: text.problem }
  if (text?.isCut) return { usage: `--issue ${issue} has more than ${ISSUE_BYTES_MAX} bytes, too many for an issue` }
  const printed = log === undefined ? undefined : await endOf(log, '--log', LOG_KEPT_BYTES)
  if (printed && 'problem' in printed) return { usage: printed.problem }
  return { ...(text && issueWords(text.text)), ...(printed && { log: failedLog(printed.text) }) }
}

/** The first line is the title; `gh issue view` writes `title:` before it. */
function issueWords(text: string): Pick<SubjectWords, 'title' | 'text'> {
  const [first = ''] = text.trimStart().split('\n', 1)
  const title = first.replace(/^(?:title:|#+)\s*/i, '').trim()
  return { ...(title !== '' && { title: title.slice(0, TITLE_CHARACTERS_MAX) }), text: discussion(text) }
}

type End = { readonly text: string; readonly isCut: boolean } | { readonly problem: string }

/** The last bytes of a file or of standard input, whatever its size. */
async function endOf(named: string, option: string, bytesMax: number): Promise<End> {
  const stat = named === STDIN ? undefined : statSync(named, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return { problem: `${option} ${named} is a folder; expected a file` }
  const start = Math.max(0, (stat?.isFile() ? stat.size : 0) - bytesMax - 1)
  let [end, bytes] = [Buffer.alloc(0), start]
  try {
    for await (const chunk of named === STDIN ? process.stdin : createReadStream(named, { start })) {
      bytes += chunk.length
      end = Buffer.concat([end.subarray(-bytesMax), chunk])
    }
  } catch {
    return { problem: `${option} ${named} can’t be read; expected a file, or ${STDIN} for standard input` }
  }
  return { text: end.subarray(-bytesMax).toString('utf8'), isCut: bytes > bytesMax }
}
