/** The code that V8 compiled, kept from one process to the next. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const keeper = fileURLToPath(new URL('../../../action/job/compiled-code.ts', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'purser-code-'))
const kept = join(dir, 'kept')
afterAll(() => rmSync(dir, { recursive: true, force: true }))

beforeAll(() => {
  writeFileSync(
    join(dir, 'main.mjs'),
    `import { createRequire } from 'node:module'
import { keepCompiledCode } from ${JSON.stringify(keeper)}
keepCompiledCode(${JSON.stringify(kept)})
createRequire(import.meta.url)('./part.cjs').say(Number(process.argv[2] ?? 1))
`,
  )
  writePart('once')
})

/** A second argument of the process has it call, and so compile, more of its functions. */
function writePart(word: string): void {
  const more = Array.from({ length: 40 }, (_, n) => `function more${n}(a) { return a.map((b) => b + ${n}).join('') }`)
  writeFileSync(
    join(dir, 'part.cjs'),
    `const { basename } = require('node:path')
${more.join('\n')}
function say(times) {
  console.log('${word} ' + basename(__filename) + ' ' + (require.main === module))
  if (times > 1) console.log([${more.map((_, n) => `more${n}`)}].map((more) => more([1])).join('').length)
}
exports.say = say
`,
  )
}

const run = (...args: string[]) =>
  execFileSync(process.execPath, [join(dir, 'main.mjs'), ...args], { encoding: 'utf8' })
const files = () => readdirSync(kept).map((name) => join(kept, name))
const inodes = () => files().map((file) => statSync(file).ino)

test('a process keeps its code, and the next takes it and leaves it as it is', () => {
  expect(run()).toBe('once part.cjs false\n')
  const first = inodes()
  expect(first).toHaveLength(1)
  expect(run()).toBe('once part.cjs false\n')
  expect(inodes()).toEqual(first)
})

test('a process that called more functions keeps more, and one that called fewer does not', () => {
  const [before = 0] = files().map((file) => statSync(file).size)
  expect(run('2')).toMatch(/^once part\.cjs false\n\d+\n$/)
  const [after = 0] = files().map((file) => statSync(file).size)
  expect(after).toBeGreaterThan(before * 1.1)
  run()
  expect(files().map((file) => statSync(file).size)).toEqual([after])
})

test.each([
  ['cut off', (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2))],
  ['empty', (file: string) => truncateSync(file, 0)],
  [
    'changed in its middle',
    (file: string) => {
      const bytes = readFileSync(file)
      const middle = Math.floor(bytes.length / 2)
      writeFileSync(file, Buffer.concat([bytes.subarray(0, middle), Buffer.from('xyz'), bytes.subarray(middle + 3)]))
    },
  ],
])('code that is %s is not given to V8 and is kept anew', (_, spoil) => {
  const [file = ''] = files()
  spoil(file)
  const spoilt = inodes()
  expect(run()).toBe('once part.cjs false\n')
  expect(inodes()).not.toEqual(spoilt)
  expect(run()).toBe('once part.cjs false\n')
})

test('another source of the same length gets code of its own', () => {
  writePart('else')
  expect(run()).toBe('else part.cjs false\n')
  expect(files()).toHaveLength(2)
})
