/** The command as a person runs it. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { BadArguments, readArguments } from '../../simulation/arguments.ts'
import { failureText, isFine, jsonLine } from '../../simulation/print.ts'
import { Random } from '../../simulation/random.ts'
import { simulate } from '../../simulation/simulate.ts'
import { Truth } from '../../simulation/truth.ts'
import { NeverSweeps } from './broken-ledgers.ts'

const MAIN = fileURLToPath(new URL('../../simulation/main.ts', import.meta.url))

function simulateWith(...args: readonly string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 60_000 })
}

it('prints its progress, and the figures as its last line', () => {
  const { status, stdout, stderr } = simulateWith('--seed', '7', '--operations', '1000')
  expect(status).toBe(0)
  expect(stderr).toContain('seed 7')
  const figures: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  expect(figures).toMatchObject({ seed: 7, overshootMicroUsd: 0, lostMicroUsd: 0, stuckHolds: 0, falseRefusals: 0 })
  expect(Object.keys(figures ?? {}).slice(0, 9)).toEqual([
    ...['seed', 'operations', 'accounts', 'crashes'],
    ...['overshootMicroUsd', 'lostMicroUsd', 'stuckHolds', 'falseRefusals', 'elapsedMs'],
  ])
})

it('exits 2 on arguments that it can’t use, and shows how it is meant', () => {
  const { status, stderr } = simulateWith('--operations', 'many')
  expect(status).toBe(2)
  expect(stderr).toContain('--operations is "many"; expected a whole number')
  expect(simulateWith('--help').stdout).toContain('npm run simulate -- --seed 7')
})

describe('readArguments', () => {
  it('takes a fresh seed where none is named', () => {
    expect(readArguments([], 5)).toMatchObject({ seed: 5, operations: 100_000, processes: 1 })
  })

  it.each([
    [['--seed', '1.5'], 'whole number'],
    [['--processes', '0'], 'whole number'],
    [['--processes', '2'], 'needs a database'],
    [['--processes', '2', '--database', 'embedded'], 'serves one process'],
    [['--database', 'mysql://x'], 'expected `embedded` or a URL'],
    [['--wat'], 'wat'],
    [['stray'], 'stray'],
  ])('refuses %j', (args, message) => {
    expect(() => readArguments(args, 1)).toThrow(BadArguments)
    expect(() => readArguments(args, 1)).toThrow(message)
  })
})

it('names what was broken, the last events and the command that shows it again', async () => {
  const outcome = await simulate({
    random: new Random(3),
    configurationSeed: 3,
    truth: new Truth(),
    repositoryIds: [1],
    prefix: '',
    shared: false,
    operations: 300,
    ledger: (clockMs) => new NeverSweeps(clockMs),
  })
  const result = { seed: 3, outcome, rush: undefined, elapsedMs: 1 }
  expect(isFine(result)).toBe(false)
  expect(JSON.parse(jsonLine(result))).toMatchObject({ broken: { invariant: 'nothing-stuck', expected: '0' } })
  const { broken } = outcome
  if (broken === undefined) throw new Error('nothing was broken')
  const args = { seed: 3, operations: 300, database: undefined, processes: 1, rush: false, json: false }
  const text = failureText(broken, args)
  expect(text).toContain('BROKEN: nothing-stuck, at operation')
  expect(text).toMatch(/#\d+ 2026-11-.* run-\d+/)
  expect(text).toContain('Again: npm run simulate -- --seed 3 --operations 300')
})
