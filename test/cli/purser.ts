/** Starts `purser` as a person does, in a process of its own, and gathers what it says. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { start } from '../world/start.ts'

export const LAUNCHER = fileURLToPath(new URL('../../cli/purser.js', import.meta.url))

export interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function purser(
  args: readonly string[],
  options: { cwd?: string; input?: string; node?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Said> {
  const { code, stdout, stderr } = await start(options.node ?? process.execPath, [LAUNCHER, ...args], {
    cwd: options.cwd,
    input: options.input ?? '',
    env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...options.env },
  }).ended
  return { code, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') }
}

/** A folder with these files that is gone when the test ends. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'purser-cli-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

export const PORTFOLIOS = '.github/purser/portfolios.yml'

/** A repository that offers `refactor+tests` and `review`. */
export const declared = {
  [PORTFOLIOS]: `version: 1
values:
  quality: { measure: rework-and-reverts }
portfolios:
  refactoring:
    purpose: Safer, faster refactors
    value: quality
    workflows: [refactor+tests, review]
    budget: { usd: 40, per: month }
    overrides: { cap: 2x, models: [gpt-5.2] }
    high-cost: Deep context pays here.
`,
}

/** A folder under git, with one commit of these files. */
export function workingCopy(files: Readonly<Record<string, string>> = {}): string {
  const root = folder(files)
  commitFirst(root)
  return root
}

/** Puts a folder under git and commits all of it. */
export function commitFirst(root: string): void {
  commitBy(`git init --quiet --template= --initial-branch=main && ${COMMIT}`, root, 'work')
}

/** The same files make the same commit in every run. */
const COMMITTED_AT = '2026-11-01T12:00:00Z'

const COMMIT = `git add --all &&
  git -c user.name=t -c user.email=t@example.org commit --quiet --allow-empty --message "$MESSAGE" &&
  git rev-parse HEAD`

/** Commits whatever there is; answers the commit. */
export function commitAll(root: string, message = 'work'): string {
  return commitBy(COMMIT, root, message)
}

/** By one shell: each process that is started from a test's own costs more than what git does in it. */
function commitBy(script: string, root: string, message: string): string {
  const env = { ...commitEnv(), MESSAGE: message }
  return execFileSync('sh', ['-c', script], { cwd: root, encoding: 'utf8', env }).trim()
}

export function git(root: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', env: commitEnv() })
}

const commitEnv = () => ({ ...process.env, GIT_AUTHOR_DATE: COMMITTED_AT, GIT_COMMITTER_DATE: COMMITTED_AT })
