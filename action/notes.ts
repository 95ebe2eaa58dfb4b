/** The repository's AGENTS.md: from the base where there is one, so that a pull request can't instruct its own agent. */
import type { Subject } from '../core/plan.ts'
import { type Git, readBlobs } from './git.ts'

const NOTES_BYTES_MAX = 200_000

export async function readNotes(git: Git, subject: Subject): Promise<string | undefined> {
  const commit = subject.kind === 'pull-request' ? subject.baseSha : subject.headSha
  if (commit === undefined) return undefined
  const name = `${commit}:AGENTS.md`
  return (await readBlobs(git, [name], NOTES_BYTES_MAX)).get(name)?.toString('utf8')
}
