/** `purser evidence` on files of runs; test/app/outcome/evidence.test.ts has it on a ledger. */
import { describe, expect, test } from 'vitest'
import { purserHere } from '../here.ts'
import { folder, purser } from '../purser.ts'

const NOW = '2026-11-20T12:00:00Z'
const family = ['evidence', '--family', 'refactor+tests', '--now', NOW]

function line(number: number, changes: object = {}): string {
  const endedAt = new Date(Date.parse(NOW) - number * 3_600_000).toISOString()
  return JSON.stringify({
    run: `r${number}`,
    family: 'refactor+tests',
    variant: 'tests-first',
    portfolio: 'refactoring',
    squad: 'payments',
    subject: `pull-request:${number}`,
    endedAt,
    conclusion: 'completed',
    spendMicroUsd: '500000',
    outcome: 'accepted',
    reverted: false,
    assigned: number % 2 === 0,
    ...changes,
  })
}

/** Ten of the baseline, then twenty of the variant that are all accepted, newest first. */
const lines = [
  ...Array.from({ length: 20 }, (_, index) => line(index)),
  ...Array.from({ length: 10 }, (_, index) => line(100 + index, { variant: null, spendMicroUsd: 500_000 })),
]
const runs = `${lines.join('\n')}\n`

async function refused(input: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await purserHere([...family, '--records', '-', ...args], { input, cwd: folder() })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  return stderr
}

describe('the answer', () => {
  test('is the decision with its reasons, each threshold beside its number, and the checkpoints', async () => {
    const cwd = folder({ 'runs.jsonl': runs })
    const { code, stdout, stderr } = await purserHere([...family, '--records', 'runs.jsonl', '--json'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const answer = JSON.parse(stdout)
    const { family: named, variants } = answer
    expect(named).toBe('refactor+tests')
    expect(Object.keys(answer)).toEqual(['family', 'variants'])
    expect(Object.keys(variants[0])).toEqual(['variant', 'decision', 'reasons', 'measures', 'checkpoints'])
    expect(variants).toMatchObject([
      {
        variant: 'tests-first',
        decision: 'promote',
        reasons: ['held-twice'],
        checkpoints: [
          { settled: 10, run: 'r10', allHold: true },
          { settled: 20, run: 'r0', allHold: true },
        ],
      },
    ])
    const { measures, checkpoints } = variants[0]
    const measure = (of: { threshold: string }[], name: string) => of.find(({ threshold }) => threshold === name)
    expect(measure(measures, 'runs')).toMatchObject({
      chosen: { count: 10 },
      assigned: { count: 10 },
      baseline: { count: 10 },
    })
    expect(measure(checkpoints[1].measures, 'spend-per-accepted')).toMatchObject({
      variant: { microUsd: '500000', accepted: 20, spendMicroUsd: '10000000' },
    })
    expect(measure(measures, 'accepted')).toEqual({
      threshold: 'accepted',
      required: 'at least 80% accepted',
      measured: '100% (20 of 20)',
      holds: true,
      variant: { count: 20, of: 20, reworked: 0, rejected: 0, interval95: { lowPercent: 83.9, highPercent: 100 } },
      chosen: { count: 10, of: 10, reworked: 0, rejected: 0, interval95: { lowPercent: 72.2, highPercent: 100 } },
      assigned: { count: 10, of: 10, reworked: 0, rejected: 0, interval95: { lowPercent: 72.2, highPercent: 100 } },
      baseline: { count: 10, of: 10, reworked: 0, rejected: 0, interval95: { lowPercent: 72.2, highPercent: 100 } },
    })
  })

  test('is the same for the lines in any order, from standard input, and told twice', async () => {
    const cwd = folder({ 'runs.jsonl': runs })
    const one = await purserHere([...family, '--records', 'runs.jsonl', '--json'], { cwd })
    const input = [...lines, ...lines].reverse().join('\r\n\n')
    const other = await purser([...family, '--records', '-', '--json'], { cwd, input })
    expect(other).toEqual(one)
  })

  test('is for people without --json, by the rules that are named', async () => {
    const promotion = 'window: { days: 60 }\npromote: { accepted: 90% }\n'
    const cwd = folder({ 'strict.yml': promotion, '.github/purser/promotion.yml': 'promote: { accepted: 70% }\n' })
    const by = (...args: string[]) => purserHere([...family, '--records', '-', ...args], { cwd, input: runs })
    const own = await by()
    expect(own.stdout).toContain('by .github/purser/promotion.yml\n\ntests-first: promote\n  every threshold held at')
    expect(own.stdout).toContain('✓ at least 70% accepted: 100% (20 of 20)')
    expect((await by('--promotion', 'strict.yml')).stdout).toContain('✓ at least 90% accepted: 100% (20 of 20)')
  })

  test('counts from where a trial began anew', async () => {
    const began = `tests-first=${new Date(Date.parse(NOW) - 9 * 3_600_000).toISOString()}`
    const { stdout } = await purserHere([...family, '--records', '-', '--since', began, '--json'], { input: runs })
    const [own] = JSON.parse(stdout).variants
    expect(own).toMatchObject({ decision: 'not-yet' })
    expect(own.measures[0]).toMatchObject({ threshold: 'runs', variant: { count: 10 } })
  })

  test('is none for a family without runs, and says which there are', async () => {
    const args = ['evidence', '--family', 'reviews', '--records', '-', '--json']
    const { code, stdout, stderr } = await purserHere(args, { input: runs })
    expect({ code, variants: JSON.parse(stdout).variants }).toEqual({ code: 0, variants: [] })
    expect(stderr).toBe('No run is of reviews; there are runs of refactor+tests.\n')
  })
})

describe('what is wrong with a line is said with its number', () => {
  test.each<[what: string, text: string, said: string]>([
    ['no JSON', '{"run":', 'standard input:2: not JSON'],
    ['no object', '[]', 'standard input:2: expected object'],
    ['a missing key', line(50, { outcome: undefined }), '2: outcome: '],
    ['a strange outcome', line(50, { outcome: 'good' }), '2: outcome: '],
    [
      'the baseline as a variant',
      line(50, { variant: 'baseline' }),
      '2: variant: the baseline is no variant; expected null, or the name of one; for example "tests-first", or null for the baseline',
    ],
    ['a fraction', line(50, { spendMicroUsd: 0.5 }), '2: spendMicroUsd: not an amount; expected whole micro-USD'],
    ['a negative amount', line(50, { spendMicroUsd: '-1' }), '2: spendMicroUsd: not an amount'],
    ['no offset', line(50, { endedAt: '2026-11-20T12:00:00' }), '2: endedAt: not a moment; expected a date and time'],
    ['another telling', line(0, { outcome: 'rejected' }), '2: run: r0 is on line 1 too, and says something else'],
    ['a long line', line(50, { portfolio: 'x'.repeat(20_000) }), '2: longer than 16,384 bytes'],
  ])('%s', async (_what, text, said) => {
    expect(await refused(`${line(0)}\n${text}\n`)).toContain(said)
  })

  test('the first of very many', async () => {
    const stderr = await refused('x\n'.repeat(1_000))
    expect(stderr.split('\n')).toHaveLength(22)
    expect(stderr).toContain('and 980 more lines')
  })
})

test('what is wrong with the rules, or with their file, is said', async () => {
  const cwd = folder({ 'wrong.yml': 'promote: { accepted: 180% }\n' })
  const by = (file: string) => purserHere([...family, '--records', '-', '--promotion', file], { cwd, input: runs })
  expect(await by('wrong.yml')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('wrong.yml:1:22 promote.accepted'),
  })
  expect(await by('none.yml')).toMatchObject({ code: 1, stderr: expect.stringContaining('none.yml is not there') })
})

test.each([
  ['no family', ['evidence', '--records', '-']],
  ['a time without its offset', [...family, '--records', '-', '--now', '2026-11-20']],
  ['a beginning without a variant', [...family, '--records', '-', '--since', NOW]],
  ['runs that are read and are to be saved', [...family, '--records', '-', '--save', 'runs.jsonl']],
])('wrong usage: %s', async (_what, args) => {
  expect(await purserHere(args, { input: runs })).toMatchObject({ code: 2, stdout: '' })
})

test('a beginning of a variant that no run names is said with those that there are', async () => {
  const args = [...family, '--records', '-', '--since', 'test-first=2026-11-02T09:30:00Z']
  expect(await purserHere(args, { input: runs })).toEqual({
    code: 2,
    stdout: '',
    stderr:
      'error: --since test-first=… names no variant of refactor+tests that has runs; expected one of tests-first; for example tests-first=2026-11-02T09:30:00Z\n(add --help for an example)\n',
  })
})

test('a ledger that is not there, and a file that is not', async () => {
  const cwd = folder()
  expect(await purserHere(family, { cwd })).toMatchObject({ code: 1, stderr: expect.stringContaining('no ledger') })
  const file = await purserHere([...family, '--records', 'runs.jsonl', '--json'], { cwd })
  expect(file).toMatchObject({ code: 1, stdout: expect.stringContaining('runs.jsonl is not there') })
})
