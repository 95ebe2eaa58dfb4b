import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reachOf } from '../../../action/agent/reach.ts'
import { openSandbox, type Sandbox } from '../../../action/sandbox/sandbox.ts'
import { callTool } from '../../../action/tools/tools.ts'
import { isRefusal } from '../../../core/reason.ts'
import { bubblewrap } from '../sandboxed.ts'

const CANARY = 'canary-value-0123456789'
const dir = mkdtempSync(join(tmpdir(), 'purser-sandbox-'))
const workDir = join(dir, 'work')
const place = () => ({ workDir, sandbox, signal: new AbortController().signal, reach: reachOf({}) })
let sandbox: Sandbox

beforeAll(async () => {
  mkdirSync(workDir)
  writeFileSync(join(dir, 'secret.txt'), CANARY)
  process.env.PURSER_CANARY = CANARY
  const places = { workDir, homeDir: join(dir, 'home'), outputDir: join(dir, 'output'), hidden: [dir] }
  const opened = await openSandbox(places, bubblewrap ? 'bubblewrap' : 'none', {
    ...process.env,
    RUNNER_TEMP: join(dir, 'temp'),
  })
  if (isRefusal(opened)) throw new Error(opened.message)
  sandbox = opened
})
afterAll(() => {
  delete process.env.PURSER_CANARY
  rmSync(dir, { recursive: true, force: true })
})

const run = async (script: string, timeoutMs = 20_000) => sandbox.run(script, { timeoutMs })

describe('any sandbox', () => {
  it('has a clean environment', async () => {
    const { head } = await run('env')
    expect(head).not.toContain(CANARY)
    expect(head).not.toMatch(/GITHUB_|ACTIONS_|INPUT_|RUNNER_/)
  })

  it('ends a command and all it started when its time is up', async () => {
    const result = await run('sleep 300 & sleep 300', 500)
    expect(result.ended).toBe('timed-out')
  })

  it('keeps endless output within bounds', async () => {
    const result = await run('head -c 30000000 /dev/zero | tr "\\0" x')
    expect(result.bytes).toBe(30_000_000)
    expect(result.head.length + result.tail.length).toBeLessThan(200_000)
    expect(readFileSync(sandbox.outputFile(result.number)).length).toBeLessThanOrEqual(20_000_000)
  })
})

describe.runIf(bubblewrap)('bubblewrap', () => {
  it.each([
    ['its own first process', 'cat /proc/1/environ'],
    ['any process', 'cat /proc/*/environ 2>/dev/null; cat /proc/*/cmdline'],
    ['a file beside the workspace', `cat ${join(dir, 'secret.txt')}`],
    ['a link out of the workspace', `ln -sf ${join(dir, 'secret.txt')} l; cat l`],
    ['the memory of a parent', 'cat /proc/1/mem'],
  ])('shows no secret of %s', async (_, script) => {
    const { head, tail } = await run(script)
    expect(head + tail).not.toContain(CANARY)
  })

  it.each([
    ['/usr/x', 'echo x > /usr/x'],
    ['/etc/x', 'echo x > /etc/x'],
    ['beside the workspace', `echo x > ${join(dir, 'x')}`],
    ['by a remount', 'mount -o remount,rw / && echo x > /usr/x'],
    ['by a new namespace', `unshare -rm true && echo x > ${join(dir, 'x')}`],
  ])('writes nothing to %s', async (_, script) => {
    expect((await run(`${script} && echo WRITTEN`)).head).not.toContain('WRITTEN')
    expect([existsSync('/usr/x'), existsSync('/etc/x'), existsSync(join(dir, 'x'))]).toEqual([false, false, false])
  })

  it('has no network: not even this machine can be reached', async () => {
    const server = createServer((socket) => socket.end('REACHED\n')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const script = `cat < /dev/tcp/127.0.0.1/${port}`
    const outside = connect(port, '127.0.0.1')
    const [greeting] = await once(outside, 'data')
    const without = await run(script)
    // Nor by itself where it may reach other hosts.
    const withOthers = await sandbox.run(script, { timeoutMs: 20_000, network: ['registry'] })
    server.close()
    expect(String(greeting)).toBe('REACHED\n')
    for (const { head, exitCode } of [without, withOthers]) {
      expect(head).not.toContain('REACHED')
      expect(exitCode).not.toBe(0)
    }
  })

  it('asks no server for a name', async () => {
    expect((await run('getent hosts example.com && echo FOUND')).head).not.toContain('FOUND')
  })

  it('has no capabilities and gains none, writes no core dumps and no endless files', async () => {
    const { head } = await run(
      'grep -E "^(CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; ulimit -c; ulimit -f',
    )
    expect(head).toMatch(/CapPrm:\s+0{16}\nCapEff:\s+0{16}\nCapBnd:\s+0{16}\nNoNewPrivs:\s+1\n/)
    expect(head).toMatch(/\n0\n8388608\n$/)
  })

  it('is ended before the runner where the machine runs out of memory', async () => {
    expect((await run('cat /proc/self/oom_score_adj; head -1 /proc/self/oom_score_adj')).head).toBe('1000\n1000\n')
    expect(readFileSync('/proc/self/oom_score_adj', 'utf8')).not.toBe('1000\n')
  })

  it('finds no open file of this process', async () => {
    const { head } = await run('ls -l /proc/*/fd 2>/dev/null | grep -v "^total"')
    expect(head).not.toContain(dir)
    expect(head).not.toContain('secret')
  })

  it('leaves no process behind', async () => {
    await run(`(sleep 1; echo late > late.txt) & disown`)
    spawnSync('sleep', ['1.5'])
    expect(existsSync(join(workDir, 'late.txt'))).toBe(false)
  })

  it('writes in the workspace', async () => {
    expect((await run('echo here > here.txt && pwd')).head).toBe('/tmp/repo\n')
    expect(readFileSync(join(workDir, 'here.txt'), 'utf8')).toBe('here\n')
  })
})

describe('the file tools', () => {
  const tools = ['read', 'list', 'search', 'edit', 'write', 'run'] as const
  const call = (name: string, args: unknown) => callTool(tools, name, JSON.stringify(args), place())

  beforeAll(() => {
    symlinkSync(join(dir, 'secret.txt'), join(workDir, 'out-file'))
    symlinkSync(dir, join(workDir, 'out-dir'))
    symlinkSync(join(dir, 'not-there'), join(workDir, 'out-nowhere'))
    writeFileSync(join(workDir, 'plain.txt'), 'one\ntwo\n')
    symlinkSync('plain.txt', join(workDir, 'in-file'))
    spawnSync('mkfifo', [join(workDir, 'pipe')])
    chmodSync(workDir, 0o755)
  })

  it.each([
    '../secret.txt',
    'out-file',
    'out-dir/secret.txt',
    join(dir, 'secret.txt'),
    '/proc/self/environ',
    'a/../../secret.txt',
    'pipe',
  ])('read no %s', async (path) => {
    const result = await call('read', { path })
    expect(result).toMatch(/^error: /)
    expect(result).not.toContain(CANARY)
  })

  it.each(['../new', 'out-file', 'out-dir/new', 'out-nowhere', 'out-dir/sub/new', 'pipe'])(
    'write no %s',
    async (path) => {
      expect(await call('write', { path, content: 'x' })).toMatch(/^error: /)
      expect(readFileSync(join(dir, 'secret.txt'), 'utf8')).toBe(CANARY)
      expect([existsSync(join(dir, 'new')), existsSync(join(dir, 'not-there'))]).toEqual([false, false])
    },
  )

  it('read through a link that stays within, write anew and edit once', async () => {
    expect(await call('read', { path: 'in-file' })).toBe('one\ntwo')
    expect(await call('write', { path: 'a/b/c.txt', content: 'x x\n' })).toBe('ok')
    expect(await call('edit', { path: 'a/b/c.txt', old: 'x', new: 'y' })).toContain('more than once')
    expect(await call('edit', { path: 'a/b/c.txt', old: 'x x', new: '$& y' })).toBe('ok')
    expect(await call('read', { path: '/tmp/repo/a/b/c.txt' })).toBe('$& y')
    expect(await call('search', { pattern: 'y$', path: 'a' })).toBe('a/b/c.txt:1:$& y')
  })

  it('show no invisible characters, and say so', async () => {
    writeFileSync(join(workDir, 'odd.txt'), 'a\u200Bb\u{E0041}')
    expect(await call('read', { path: 'odd.txt' })).toBe('ab\n[2 invisible characters are not shown]')
  })
})
