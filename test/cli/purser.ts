/** Starts `purser` as a person does, in a process of its own, and gathers what it says. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const LAUNCHER = fileURLToPath(new URL('../../cli/purser.js', import.meta.url))

export interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export function purser(
  args: readonly string[],
  options: { cwd?: string; input?: string; node?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Said> {
  const child = spawn(options.node ?? process.execPath, [LAUNCHER, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...options.env },
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8') })
    })
  })
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
  git(root, 'init', '--quiet', '--initial-branch=main')
  commitAll(root)
  return root
}

/** The same files make the same commit in every run. */
const COMMITTED_AT = '2026-11-01T12:00:00Z'

/** Commits whatever there is; answers the commit. */
export function commitAll(root: string, message = 'work'): string {
  git(root, 'add', '--all')
  const author = ['-c', 'user.name=t', '-c', 'user.email=t@example.org']
  git(root, ...author, 'commit', '--quiet', '--allow-empty', '--message', message)
  return git(root, 'rev-parse', 'HEAD').trim()
}

export function git(root: string, ...args: readonly string[]): string {
  const env = { ...process.env, GIT_AUTHOR_DATE: COMMITTED_AT, GIT_COMMITTER_DATE: COMMITTED_AT }
  return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', env })
}
