/** The tools on a real workspace, as a model calls them: what they answer, whatever they are asked and find. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '../../action/job/plain-schemas.ts'
import fc from 'fast-check'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { reachOf } from '../../action/agent/reach.ts'
import { carryOutCalls } from '../../action/agent/tool-turn.ts'
import { openSandbox, type Sandbox } from '../../action/sandbox/sandbox.ts'
import type { ToolName } from '../../action/tools/all.ts'
import type { ToolPlace } from '../../action/tools/tool.ts'
import { callTool } from '../../action/tools/tools.ts'
import { toolNames } from '../../core/config/workflow.ts'
import { isRefusal } from '../../core/reason.ts'
import { withMemory } from '../world/memory.ts'

const dir = mkdtempSync(join(tmpdir(), 'purser-tools-'))
const workDir = join(dir, 'work')
const outside = join(dir, 'outside')
let place: ToolPlace

beforeAll(async () => {
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret.txt'), 'secret\n')
  mkdirSync(workDir)
  const places = { workDir, homeDir: join(dir, 'home'), outputDir: join(dir, 'output'), hidden: [] }
  const sandbox = await openSandbox(places, 'none', process.env)
  if (isRefusal(sandbox)) throw new Error(sandbox.message)
  place = { workDir, sandbox, signal: new AbortController().signal, reach: reachOf({}) }
})
beforeEach(() => {
  rmSync(workDir, { recursive: true })
  mkdirSync(workDir)
})
afterAll(() => rmSync(dir, { recursive: true }))

const put = (path: string, text: string | Buffer) => writeFileSync(join(workDir, path), text)
const call = (name: string, written: unknown) =>
  callTool(toolNames, name, typeof written === 'string' ? written : JSON.stringify(written), place)

describe('a call', () => {
  it.each([
    ['of an unknown tool', 'fly', {}, 'there is no tool "fly"'],
    ['of a tool with an odd name', '__proto__', {}, 'there is no tool'],
    ['whose arguments are no JSON', 'read', '{"path":', 'not JSON'],
    ['whose arguments are a list', 'read', '[]', 'expected object'],
    ['whose arguments lack something', 'edit', { path: 'a.txt' }, 'old'],
    ['whose arguments have something else', 'read', { path: 'a.txt', recursive: true }, 'recursive'],
    ['whose arguments are of another type', 'read', { path: 7 }, 'expected string'],
    ['beyond a bound', 'run', { command: 'true', seconds: 1e9 }, '900'],
    ['with a NUL in a path', 'read', { path: 'a\0b' }, 'is not there'],
  ])('%s is answered with what is wrong, and does nothing', async (_, name, written, says) => {
    put('a.txt', 'one\n')
    const result = await call(name, written)
    expect(result).toMatch(/^error: /)
    expect(result).toContain(says)
    expect(result.length).toBeLessThan(500)
    expect(readFileSync(join(workDir, 'a.txt'), 'utf8')).toBe('one\n')
  })

  it('never throws, whatever it is given', async () => {
    put('a.txt', 'one\n')
    const safe = toolNames.filter((name) => name !== 'run')
    const path = fc.oneof(
      fc.constantFrom('a.txt', '.', '..', '/', '/tmp/repo', 'a.txt/b', ''),
      fc.string({ unit: 'binary' }),
    )
    const written = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          path,
          pattern: fc.string(),
          old: fc.string(),
          new: fc.string(),
          content: fc.string(),
          from: fc.integer(),
          lines: fc.integer(),
        },
        { requiredKeys: ['path'] },
      ),
      fc.record({ path, content: fc.string() }),
      fc.record({ path, from: fc.integer() }, { requiredKeys: ['path'] }),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...safe), written, async (name, value) => {
        expect(typeof (await call(name, value))).toBe('string')
      }),
      { numRuns: 150 },
    )
  })
})

describe('calls of one turn', () => {
  /** Commands that end when so many are under way at once, or never. */
  function barrier(count: number): Sandbox {
    let release = () => {}
    const all = new Promise<void>((resolve) => {
      release = resolve
    })
    let running = 0
    return {
      ...place.sandbox,
      async run(script, options) {
        running += 1
        if (running === count) release()
        await all
        return place.sandbox.run(script, options)
      },
    }
  }
  const search = (at: number) => ({
    id: `c${at}`,
    name: 'search',
    argumentsJson: JSON.stringify({ pattern: `word${at}` }),
  })

  it('that only read are really under way at once', async () => {
    put('a.txt', 'word1\nword2\nword3\n')
    const names: ToolName[] = ['search']
    const results = await carryOutCalls([1, 2, 3].map(search), names, { ...place, sandbox: barrier(3) })
    expect(results).toEqual(['a.txt:1:word1', 'a.txt:2:word2', 'a.txt:3:word3'])
  })

  it('beyond sixteen are answered with an error each', async () => {
    const results = await carryOutCalls(
      Array.from({ length: 20 }, () => ({ id: 'c', name: 'list', argumentsJson: '{}' })),
      ['list'],
      place,
    )
    expect(results).toHaveLength(20)
    expect(results.slice(16).every((result) => result.startsWith('error: more than 16'))).toBe(true)
  })
})

describe('read', () => {
  it('shows a page and how far it goes, and every line is on some page', async () => {
    const lines = Array.from({ length: 700 }, (_, at) => `line ${at + 1}`)
    put('long.txt', `${lines.join('\n')}\n`)
    const seen: string[] = []
    for (let from = 1; seen.length < lines.length; ) {
      const page = (await call('read', { path: 'long.txt', from })).split('\n')
      const footer = /^\[lines (\d+) to (\d+) of 700\]$/.exec(page.at(-1) ?? '')
      seen.push(...(footer === null ? page : page.slice(0, -1)))
      from = seen.length + 1
    }
    expect(seen).toEqual(lines)
    expect(await call('read', { path: 'long.txt', from: 701 })).toBe('error: the file has 700 lines')
  })

  it('shows a line without end in parts, and every character is in some part', async () => {
    const text = 'äöü😀x'.repeat(5_000)
    put('flat.txt', text)
    let shown = ''
    for (let from = 1; from < 20; ) {
      const page = await call('read', { path: 'flat.txt', from })
      const footer = /\n?\[lines \d+ to (\d+) of \d+\]$/.exec(page)
      shown += page.slice(0, footer?.index ?? page.length).replaceAll('\n', '')
      if (footer === null) break
      from = Number(footer[1]) + 1
    }
    expect(shown).toBe(text)
  })

  it.each([
    ['an empty file', '', '[empty]'],
    ['a file without a newline at its end', 'one\ntwo', 'one\ntwo'],
    ['a file of empty lines', '\n\n', '\n'],
    ['a binary file', Buffer.from([1, 0, 2]), 'error: that is not a text file'],
  ])('of %s', async (_, text, shown) => {
    put('file', text)
    expect(await call('read', { path: 'file' })).toBe(shown)
  })

  it('of a sparse file of 128 MiB says that it is too large, at once', async () => {
    put('huge.bin', '')
    truncateSync(join(workDir, 'huge.bin'), 2 ** 27)
    const { bytes } = await withMemory(async () => {
      expect(await call('read', { path: 'huge.bin' })).toContain('has 134217728 bytes, too many to read')
      expect(await call('edit', { path: 'huge.bin', old: 'a', new: 'b' })).toContain('too many to read')
      expect(await call('search', { pattern: 'word' })).toBe('[no match]')
    })
    expect(bytes).toBeLessThan(10_000_000)
  })

  it('of the longest file that it takes needs little memory', async () => {
    put('long.txt', 'x'.repeat(99).concat('\n').repeat(600_000))
    const { answer, bytes } = await withMemory(() => call('read', { path: 'long.txt', from: 599_999 }))
    expect(answer).toContain('x'.repeat(99))
    expect(bytes).toBeLessThan(10_000_000)
  })
})

describe('a workspace with links that leave it', () => {
  it.each([
    ['a link to a file', 'link', () => symlinkSync(join(outside, 'secret.txt'), join(workDir, 'link'))],
    ['a link to a directory', 'way/secret.txt', () => symlinkSync(outside, join(workDir, 'way'))],
    ['a relative link', 'link', () => symlinkSync('../outside/secret.txt', join(workDir, 'link'))],
    ['dots', '../outside/secret.txt', () => {}],
    ['an absolute path', join(outside, 'secret.txt'), () => {}],
  ])('by %s', async (_, path, prepare) => {
    prepare()
    for (const written of [
      ['read', { path }],
      ['list', { path }],
      ['edit', { path, old: 'secret', new: 'known' }],
      ['write', { path, content: 'known' }],
      ['search', { path, pattern: 'secret' }],
    ] as const) {
      const result = await call(written[0], written[1])
      expect(result).not.toContain('secret\n')
      expect(result).toMatch(/^error: /)
    }
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret\n')
    expect(await call('search', { pattern: 'secret' })).toBe('[no match]')
  })
})

describe('a workspace with odd names', () => {
  const names = [
    'naïve.txt',
    'nai\u0308ve.txt',
    '한글.txt',
    '😀.txt',
    'a b.txt',
    '-rf',
    '$(id).txt',
    'new\nline.txt',
    'quote\'".txt',
  ]

  it('lists, reads, writes and searches them by the names that they have', async () => {
    for (const [at, name] of names.entries())
      expect(await call('write', { path: name, content: `word${at}\n` })).toBe('ok')
    for (const [at, name] of names.entries()) {
      expect(await call('read', { path: name })).toBe(`word${at}`)
      expect(await call('search', { path: name, pattern: `word${at}` })).toContain(`word${at}`)
    }
    const listed = await call('list', {})
    for (const name of names) expect(listed.split('\n')).toContain(name.includes('\n') ? '"new\\nline.txt"' : name)
    expect(listed.split('\n'), 'each has one line').toHaveLength(names.length)
  })

  it('does not show invisible characters, and says that there are some', async () => {
    put('a\u202etxt.js', 'one\n')
    expect(await call('list', {})).toBe('atxt.js\n[1 invisible characters are not shown]')
  })
})

describe('a workspace with very many files', () => {
  it('is listed and searched within bounds', async () => {
    execFileSync('bash', ['-c', 'seq 1 20500 | xargs touch'], { cwd: workDir })
    put('1', 'word\n')
    const listed = await call('list', {})
    expect(listed.split('\n')).toHaveLength(301)
    expect(listed).toContain('[... more than 20000 entries ...]')
    expect(encode(listed).length).toBeLessThan(2_000)
    expect(await call('search', { pattern: 'word' })).toBe('1:1:word')
  })

  it('gives a search with very many hits a bounded answer', async () => {
    put('many.txt', `${'word '.repeat(100)}\n`.repeat(5_000))
    const found = await call('search', { pattern: 'word' })
    expect(found).toContain('[... more lines match; narrow the pattern or the path ...]')
    expect(encode(found).length).toBeLessThan(2_500)
  })
})

describe('edit', () => {
  it('leaves a file alone that is not UTF-8, instead of losing what it can’t read', async () => {
    const latin1 = Buffer.from([0x6e, 0x61, 0xef, 0x76, 0x65])
    put('latin1.txt', latin1)
    expect(await call('edit', { path: 'latin1.txt', old: 'na', new: 'NA' })).toContain('not UTF-8')
    expect(readFileSync(join(workDir, 'latin1.txt'))).toEqual(latin1)
  })

  it('keeps a byte order mark and the ends of lines', async () => {
    put('dos.txt', '\ufeffone\r\ntwo\r\n')
    expect(await call('edit', { path: 'dos.txt', old: 'two', new: 'three' })).toBe('ok')
    expect(readFileSync(join(workDir, 'dos.txt'), 'utf8')).toBe('\ufeffone\r\nthree\r\n')
  })
})

describe('run', () => {
  const filler = 'the quick brown fox jumps over the lazy dog, and then it runs away'
  it.each([
    ['words', `yes '${filler}'`],
    ['numbers', 'seq 1 2000000'],
    ['single letters', 'yes'],
    ['base64', 'head -c 1000000 /dev/urandom | base64'],
    ['one line of base64', 'head -c 1000000 /dev/urandom | base64 -w0'],
    ['hexadecimal', 'head -c 700000 /dev/urandom | od -An -tx1'],
    ['JSON', `yes '{"id":17,"at":"2026-11-25T22:20:47.123Z","tags":["a-b","c_d"]}'`],
    ['a stack', `yes '    at Object.<anonymous> (/tmp/repo/src/parse/tokenTree.ts:147:23)'`],
    ['Korean', "yes '빠른 갈색 여우가 게으른 개를 뛰어넘는다.'"],
    ['emoji', "yes '😀🎉✅❌'"],
    ['signs', "yes '}{)(*&^%$#@!~'"],
    ['blanks', "yes '          x          '"],
  ])('of a command that prints 1.26 MB of %s adds at most 950 tokens', async (_, print) => {
    const result = await call('run', { command: `${print} | head -c 1260000` })
    expect(encode(result).length).toBeLessThanOrEqual(950)
    expect(result.length).toBeGreaterThan(350)
    expect(result).toContain('1260000 bytes in all; read it with path "output:')
  })

  it('of a command that prints much is read on where it was cut', async () => {
    const result = await call('run', { command: 'seq 1 200000' })
    const path = /path "(output:\d+)"/.exec(result)?.[1]
    const page = await call('read', { path, from: 100_000, lines: 3 })
    expect(page).toBe('100000\n100001\n100002\n[lines 100000 to 100002 of 200000]')
  })

  it('of a command that never ends is stopped with all that it started', async () => {
    const result = await call('run', { command: 'echo begun; sleep 1000 & sleep 1000', seconds: 1 })
    expect(result).toBe('begun\n[stopped after 1 s]')
  })

  it('of a command that prints without end is stopped long before its time', async () => {
    const begun = performance.now()
    const { answer: result, bytes } = await withMemory(() => call('run', { command: 'yes', seconds: 600 }))
    expect(result).toMatch(/\[stopped after it printed more than \d+ bytes\]$/)
    expect(performance.now() - begun).toBeLessThan(60_000)
    expect(encode(result).length).toBeLessThanOrEqual(950)
    expect(bytes).toBeLessThan(10_000_000)
  })
})
