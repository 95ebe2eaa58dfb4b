/** `${{ subject.commits }}`: what a prompt is told of the history, wherever the commits come from. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ensureCommit, ensureHistory, openCheckout } from '../../action/workspace/checkout.ts'
import { COMMITS_MAX, describeChange } from '../../action/workspace/describe-change.ts'
import { startModel } from '../world/model.ts'
import { JobWorld } from './job-world.ts'
import { sandboxed } from './sandboxed.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function worldOf(commits: number) {
  const world = new JobWorld({ prompt: 'New:\n${{ subject.commits }}\n' })
  closing.push(() => world.close())
  const made = Array.from({ length: commits }, (_, at) => {
    const message = `change ${at + 1}\n\nnot its first line\n`
    const from = at === 0 ? 'from refs/heads/main^0\n' : ''
    return `commit refs/heads/main\ncommitter t <t@example.org> ${at} +0000\ndata ${message.length}\n${message}${from}\n`
  })
  // In one process: to start one for each takes most of this file's time.
  execFileSync('git', ['-C', world.workspace, 'fast-import', '--quiet'], { input: made.join('') })
  return { world, baseSha: world.sha, headSha: world.git('rev-parse', 'HEAD').trim() }
}

function emptyCheckout(world: JobWorld) {
  const checkout = openCheckout(mkdtempSync(join(world.dir, 'run-')), undefined)
  closing.unshift(() => checkout.objects.close())
  return checkout
}

/** Of a run whose prompt names the commits. */
function planOf(headSha: string, baseSha: string) {
  const subject = { kind: 'push' as const, repository: 'acme/sum', headSha, baseSha }
  const step = { id: 'mend', agent: 'fixer', prompt: 'mend.md', promptText: '${{ subject.commits }}', turns: 1 }
  return { subject, steps: [step] }
}

describe('the commits of a push', () => {
  it('are named in the prompt, newest first', async () => {
    const { world, baseSha, headSha } = worldOf(2)
    const model = await startModel({ scripts: [() => ({ error: { status: 401 } })] })
    closing.push(() => model.close())
    const event = join(world.dir, 'push.json')
    writeFileSync(event, JSON.stringify({ before: baseSha, repository: { default_branch: 'main' } }))
    const inputs = { workflow: 'mend', 'api-key': 'sk-canary-0123456789', 'base-url': model.url }
    await world.run(inputs, { ...sandboxed, GITHUB_SHA: headSha, GITHUB_EVENT_PATH: event })
    expect(JSON.stringify(model.calls()[0]?.request.messages)).toContain('\\n- change 2\\n- change 1\\n')
  })

  it.each([3, COMMITS_MAX + 20])('are fetched where they are not here, %i of them up to a bound', async (count) => {
    const { world, baseSha, headSha } = worldOf(count)
    const checkout = emptyCheckout(world)
    const source = { remote: { url: `file://${world.workspace}` } }
    for (const commit of [headSha, baseSha]) await ensureCommit(checkout, source, commit)
    await ensureHistory(checkout, source, headSha, COMMITS_MAX + 1)
    const lines = (await describeChange(checkout.git, planOf(headSha, baseSha))).commits.split('\n')
    expect(lines).toEqual(
      Array.from({ length: Math.min(count, COMMITS_MAX) }, (_, index) => `- change ${count - index}`),
    )
  })

  it('are left out where nobody has them', async () => {
    const { world, headSha } = worldOf(1)
    const checkout = emptyCheckout(world)
    const source = { remote: { url: `file://${world.workspace}` } }
    await ensureCommit(checkout, source, headSha)
    const nothing = { files: '', diff: '', commits: '' }
    expect(await describeChange(checkout.git, planOf(headSha, 'a'.repeat(40)))).toEqual(nothing)
  })
})
