/** The repository's AGENTS.md: from the base where there is one, so that a pull request can't instruct its own agent. */
import type { Subject } from '../../core/plan/plan.ts'
import type { ObjectReader } from '../workspace/objects.ts'

const NOTES_BYTES_MAX = 200_000

export async function readNotes(objects: ObjectReader, subject: Subject): Promise<string | undefined> {
  const commit = subject.kind === 'pull-request' ? subject.baseSha : subject.headSha
  if (commit === undefined) return undefined
  const notes = await objects.read(`${commit}:AGENTS.md`, NOTES_BYTES_MAX)
  return notes?.type === 'blob' ? notes.content.toString('utf8') : undefined
}
