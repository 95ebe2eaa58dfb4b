import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ci } from './contract.ts'
import { actionsApp } from './emulator.ts'
import { git } from './git-process.ts'
import type { AppIdentity } from './identity.ts'
import { start } from './start.ts'
import type { Repository, World } from './world.ts'

const timeoutMs = 60_000
const outputBytesMax = 64 * 1024

/**
 * The repository's own CI: `command` really runs on each new head of a pull request, in a fresh checkout, and GitHub
 * Actions reports its exit code as the check run `test`. One at a time.
 */
export async function createCi(world: World, command: string | null, dir: string): Promise<Ci> {
  const seen: { sha: string; exitCode: number; output: string }[] = []
  let last: Promise<unknown> = Promise.resolve()
  let pending = 0
  const token = await world.appToken('actions')
  const main = [...world.repositories.values()][0]

  async function post(repository: Repository, path: string, body: unknown, as = token): Promise<number> {
    const response = await fetch(`${world.url}/repos/${repository.fullName}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`ci: POST ${path} was answered with ${response.status}: ${await response.text()}`)
    return Number(((await response.json()) as { id: number }).id)
  }

  const report = (repository: Repository, sha: string, name: string, conclusion: string): Promise<number> =>
    post(repository, '/check-runs', { name, head_sha: sha, status: 'completed', conclusion })

  /** The token of another App or suite. `emulate` takes it for GitHub Actions; the overlay says which App it is. */
  async function tokenOf(app: AppIdentity, suite = ''): Promise<string> {
    const other = await world.appToken('actions')
    const permissions = { checks: 'write' }
    world.identities.add(other, { kind: 'app', login: 'github-actions[bot]', app, permissions, suite })
    return other
  }

  async function test(repository: Repository, sha: string, shell: string): Promise<void> {
    const checkout = join(dir, `${sha.slice(0, 12)}-${seen.length}`)
    await mkdir(checkout, { recursive: true })
    await git(checkout, ['init', '-q', '--template='])
    // A fetch is ten processes more, for the objects that lie on this machine already.
    await writeFile(join(checkout, '.git/objects/info/alternates'), `${join(repository.gitDir, 'objects')}\n`)
    await git(checkout, ['checkout', '-q', '--detach', sha])
    const result = await run(shell, checkout)
    seen.push({ sha, ...result })
    await rm(checkout, { recursive: true, force: true })
    await report(repository, sha, 'test', result.exitCode === 0 ? 'success' : 'failure')
  }

  if (command !== null) {
    world.onHead.push((repository, pull) => {
      const sha = pull.headSha
      pending += 1
      const turn = last
        .then(() => test(repository, sha, command))
        .finally(() => {
          pending -= 1
        })
      last = turn.catch((error: unknown) => seen.push({ sha, exitCode: 128, output: String(error) }))
    })
  }

  function repositoryNow(): Repository {
    if (!main) throw new Error('no repository was seeded')
    return main
  }

  return {
    async check(sha, name, conclusion, appId, suite) {
      const body = { name, head_sha: sha, status: 'completed', conclusion }
      const app = appId === undefined ? actionsApp : { id: appId, slug: `app-${appId}`, name: `App ${appId}` }
      return post(repositoryNow(), '/check-runs', body, await tokenOf(app, suite))
    },
    async status(sha, context, state) {
      await post(repositoryNow(), `/statuses/${sha}`, { context, state })
    },
    runs: () => [...seen],
    async idle() {
      while (pending > 0) await last
    },
  }
}

async function run(command: string, cwd: string): Promise<{ exitCode: number; output: string }> {
  const env = { PATH: process.env.PATH ?? '', HOME: cwd, CI: 'true' }
  let output = ''
  const onOutput = (_from: unknown, chunk: Buffer): void => {
    if (output.length < outputBytesMax) output += chunk.toString()
  }
  const { code } = await start('bash', ['-c', command], { cwd, env, timeoutMs, onOutput }).ended
  return { exitCode: code ?? 128, output }
}
