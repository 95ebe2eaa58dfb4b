/** Which Action a repository's Actions workflow is to use: the one that was named, else the one this Purser came from. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
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
const EXAMPLE = 'acme/purser@v1'
/** What holds the place, beside an example of what belongs there. */
const PLACEHOLDERS = [
  [ACTION_PLACEHOLDER, EXAMPLE],
  [deliveryOf(ACTION_PLACEHOLDER), deliveryOf(EXAMPLE)],
] as const

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

/** Each line on which the Actions workflow of a repository still has the placeholder. */
export function placeholderProblems(root: string): readonly Problem[] {
  const file = join(root, ACTIONS_WORKFLOW)
  if (!isFile(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((text, index) => {
    if (!/^\s*(-\s+)?uses:/.test(text)) return []
    const replacedBy = PLACEHOLDERS.find(([held]) => text.includes(held))
    return replacedBy === undefined ? [] : [problemAt(index, text, replacedBy)]
  })
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function problemAt(index: number, text: string, [held, example]: readonly [string, string]): Problem {
  return {
    file: ACTIONS_WORKFLOW,
    line: index + 1,
    column: text.indexOf(held) + 1,
    path: 'uses',
    wrong: `${held} only holds the place of the Action`,
    expected: 'the repository and the branch or tag that your Purser is kept in',
    example: `uses: ${example}`,
    severity: 'warning',
  }
}
