/** `refactor+tests` by the bundled Action on a package from npm of some thousand lines, with a scripted model. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { expect, it } from 'vitest'
import { JobWorld } from '../action/job-world.ts'
import { sandboxed } from '../action/sandboxed.ts'
import { startModel } from '../world/model.ts'
import { conversation, firstUserText, lastToolText } from '../world/model-script.ts'

const PACKAGE = fileURLToPath(new URL('../../node_modules/commander/', import.meta.url))
const SUGGEST = 'lib/suggestSimilar.js'
const DISTANCE = 'lib/editDistance.js'
const source = readFileSync(join(PACKAGE, SUGGEST), 'utf8')

/** Tests of our own, since the package comes without its own: whole commands through its public interface. */
const commandTest = `import assert from 'node:assert/strict'
import test from 'node:test'
import { Command } from '../index.js'

function run(args, prepare) {
  const said = { out: '', err: '' }
  const program = new Command('tool').exitOverride()
  program.configureOutput({ writeOut: (text) => (said.out += text), writeErr: (text) => (said.err += text) })
  prepare(program)
  try {
    program.parse(args, { from: 'user' })
  } catch (error) {
    said.code = error.code
  }
  return { ...said, options: program.opts() }
}

test('reads options', () => {
  const { options } = run(['--size', '3', '-v'], (program) => program.option('-s, --size <n>', 'size', Number).option('-v'))
  assert.deepEqual(options, { size: 3, v: true })
})

test('carries out a command with its arguments', () => {
  let seen
  run(['add', 'a', 'b'], (program) => program.command('add <names...>').action((names) => (seen = names)))
  assert.deepEqual(seen, ['a', 'b'])
})

test('shows help', () => {
  const { out, code } = run(['--help'], (program) => program.description('A tool').option('--fast', 'in a hurry'))
  assert.equal(code, 'commander.helpDisplayed')
  assert.match(out, /A tool[\\s\\S]*--fast\\s+in a hurry/)
})

test('refuses an unknown option', () => {
  assert.equal(run(['--nope'], () => {}).code, 'commander.unknownOption')
})

test('suggests the command whose letters were swapped, and no other', () => {
  const { err } = run(['fomr'], (program) => program.addCommand(new Command('form')).addCommand(new Command('from')))
  assert.match(err, /\\(Did you mean form\\?\\)/)
})
`

/** What the pull request does: a swap counts as two edits, by mistake. */
const broken = source.replace('d[i - 2][j - 2] + 1', 'd[i - 2][j - 2] + 2')

const distanceModule = `/** Edits that make one word of another: inserted, deleted, changed and swapped letters, each letter edited once. */
export function editDistance(a, b) {
  let older = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) row[j] = Math.min(row[j], older[j - 2] + 1)
    }
    older = last
    last = row
  }
  return last[b.length]
}
`
const mended = source
  .replace(/function editDistance[\s\S]*?\n}\n/, '')
  .replace('const maxDistance = 3;\n', "import { editDistance } from './editDistance.js';\n\nconst maxDistance = 3;\n")

const distanceTest = `import assert from 'node:assert/strict'
import test from 'node:test'
import { editDistance } from '../lib/editDistance.js'

for (const [a, b, distance] of [['', '', 0], ['a', '', 1], ['form', 'fomr', 1], ['from', 'fomr', 2], ['kitten', 'sitting', 3]]) {
  test(\`from '\${a}' to '\${b}'\`, () => assert.equal(editDistance(a, b), distance))
}
`
/** The first draft is wrong on one count, as drafts are. */
const draftTest = distanceTest.replace("['from', 'fomr', 2]", "['from', 'fomr', 1]")

const refactors = conversation('Refactor the code that this change touches', [
  (request) => {
    // What failed before is in the prompt, and so is what the pull request touches.
    expect(firstUserText(request)).toContain('suggests the command whose letters were swapped')
    expect(firstUserText(request)).toContain(SUGGEST)
    return {
      toolCalls: [
        { name: 'read', arguments: { path: SUGGEST } },
        { name: 'search', arguments: { pattern: 'editDistance|suggestSimilar' } },
        { name: 'list', arguments: { path: 'test' } },
      ],
    }
  },
  {
    toolCalls: [
      { name: 'write', arguments: { path: DISTANCE, content: distanceModule } },
      { name: 'write', arguments: { path: SUGGEST, content: mended } },
      { name: 'run', arguments: { command: 'node --test' } },
    ],
  },
  (request) => {
    expect(lastToolText(request)).toMatch(/fail 0[\s\S]*\[exit 0\]$/)
    return { text: 'Give the edit distance a module of its own\n\nA swap counts as one edit again.' }
  },
])

const tests = conversation('Cover the refactored code with tests', [
  { toolCalls: [{ name: 'write', arguments: { path: 'test/editDistance.test.js', content: draftTest } }] },
  { text: 'Cover the edit distance' },
  (request) => {
    expect(JSON.stringify(request.messages.at(-1))).toContain('did not pass')
    return {
      toolCalls: [
        {
          name: 'edit',
          arguments: { path: 'test/editDistance.test.js', old: "['from', 'fomr', 1]", new: "['from', 'fomr', 2]" },
        },
      ],
    }
  },
  { text: 'Cover the edit distance\n\nSwaps, and the words that a swap is not enough for.' },
])

it('mends, refactors and covers it, within its cap, and its tests pass where the work is applied', async () => {
  const files = readPackage()
  expect(Object.values(files).join('').split('\n').length).toBeGreaterThan(4_000)
  const world = new JobWorld({
    files: { ...files, 'test/command.test.js': commandTest, '.gitignore': 'node_modules/\n' },
    portfolios: (text) => text.replace('[mend]', '[mend, refactor+tests]'),
  })
  const model = await startModel({ scripts: [refactors, tests] })
  try {
    world.git('checkout', '-q', '-b', 'swaps')
    const head = world.commit({ [SUGGEST]: broken })
    world.git('checkout', '-q', 'main')
    const event = join(world.dir, 'pull-request.json')
    const side = (sha: string, ref: string) => ({ sha, ref, repo: { id: 7 } })
    const pull_request = { number: 12, title: 'Count swaps', head: side(head, 'swaps'), base: side(world.sha, 'main') }
    writeFileSync(event, JSON.stringify({ repository: { default_branch: 'main' }, pull_request }))
    const job = await world.run(
      { workflow: 'refactor+tests', inputs: 'test=node --test', 'api-key': 'sk-of-the-tests', 'base-url': model.url },
      { ...sandboxed, GITHUB_EVENT_NAME: 'pull_request_target', GITHUB_EVENT_PATH: event },
    )

    expect(job.outputs, job.log).toMatchObject({ conclusion: 'completed', reason: '' })
    expect(Number(job.outputs['spend-usd'])).toBeLessThanOrEqual(2.5)
    const changed = job.report?.delivery?.changeset?.files ?? []
    expect(changed.map(({ path }) => path).sort()).toEqual([DISTANCE, SUGGEST, 'test/editDistance.test.js'])
    expect(job.report?.steps.map(({ id, ok, attempts }) => [id, ok, attempts])).toEqual([
      ['before', false, 1],
      ['refactor', true, 1],
      ['tests', true, 2],
    ])

    // Whoever applies the work to the pull request's head has tests that pass, where they failed before.
    world.git('checkout', '-q', 'swaps')
    expect(testsPass(world.workspace)).toBe(false)
    for (const { path, contentBase64 = '' } of changed) {
      writeFileSync(join(world.workspace, path), Buffer.from(contentBase64, 'base64'))
    }
    expect(testsPass(world.workspace)).toBe(true)

    const [first] = model.calls()
    const { messages, tools } = first?.request ?? { messages: [], tools: [] }
    expect(encode(JSON.stringify([messages[0], tools])).length).toBeLessThan(1_000)
  } finally {
    await model.close()
    world.close()
  }
})

/** Its files by their paths. */
function readPackage(): Record<string, string> {
  const names = readdirSync(PACKAGE, { recursive: true, encoding: 'utf8' })
  return Object.fromEntries(
    names
      .filter((name) => /\.(js|json|ts|md)$/.test(name))
      .map((name) => [name, readFileSync(join(PACKAGE, name), 'utf8')]),
  )
}

/** In a folder of their own, with no more of this process than the way to Node. */
function testsPass(workspace: string): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'purser-package-'))
  cpSync(workspace, dir, { recursive: true })
  const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` }
  const { status } = spawnSync(process.execPath, ['--test'], { cwd: dir, env })
  rmSync(dir, { recursive: true })
  return status === 0
}
