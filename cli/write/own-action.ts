/** Which Action a repository's Actions workflow is to use: the one that was named, else the one this Purser came from. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Problem } from '../../core/config/problem.ts'
import { git, workingCopyOf } from '../git.ts'
import { ACTION_PLACEHOLDER, ACTIONS_WORKFLOW, deliveryOf } from './starter.ts'

const PURSER = fileURLToPath(new URL('..', import.meta.url))
const ACTION = /^[\w.-]+\/[\w.-]+@[\w./-]+$/
const GITHUB_REMOTE =
  /^(?:https:\/\/(?:[^@/]+@)?github\.com\/|(?:ssh:\/\/)?git@github\.com[:/])([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/
const BRANCH_DEFAULT = 'main'

export function isAction(text: string): boolean {
  return ACTION.test(text)
}

/** `owner/repository@branch` of the checkout that this program runs from, else the placeholder. */
export function ownAction(dir = PURSER): string {
  // A copy in somebody's node_modules lies in a working copy too, which is not Purser's own.
  const top = workingCopyOf(dir)
  if (top === undefined || realpathSync(top) !== realpathSync(dir)) return ACTION_PLACEHOLDER
  const repository = GITHUB_REMOTE.exec(git(dir, ['remote', 'get-url', 'origin']) ?? '')?.[1]
  if (repository === undefined) return ACTION_PLACEHOLDER
  const branch = git(dir, ['symbolic-ref', '--short', 'refs/remotes/origin/HEAD'])?.replace(/^origin\//, '')
  return `${repository}@${branch ?? BRANCH_DEFAULT}`
}

/** Where the Actions workflow of a repository still has the placeholder. */
export function placeholderProblem(root: string): Problem | undefined {
  const file = join(root, ACTIONS_WORKFLOW)
  if (!existsSync(file)) return undefined
  const lines = readFileSync(file, 'utf8').split('\n')
  const placeholders = [ACTION_PLACEHOLDER, deliveryOf(ACTION_PLACEHOLDER)]
  const heldBy = (text: string) => placeholders.find((held) => /^\s*(-\s+)?uses:/.test(text) && text.includes(held))
  const line = lines.findIndex((text) => heldBy(text) !== undefined)
  const held = heldBy(lines[line] ?? '')
  if (held === undefined) return undefined
  return {
    file: ACTIONS_WORKFLOW,
    line: line + 1,
    column: (lines[line] ?? '').indexOf(held) + 1,
    path: 'uses',
    wrong: `${held} only holds the place of the Action`,
    expected: 'the repository and the branch or tag that your Purser is kept in',
    example: 'uses: acme/purser@v1',
    severity: 'warning',
  }
}
