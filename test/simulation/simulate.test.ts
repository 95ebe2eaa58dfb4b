/** The kept worlds: seeds that once failed, and some that never did. A failing seed is added here with what it found. */
import { describe, expect, it } from 'vitest'
import { PureLedger } from '../../simulation/pure-ledger.ts'
import { Random } from '../../simulation/random.ts'
import { rush } from '../../simulation/rush.ts'
import { type Outcome, simulate } from '../../simulation/simulate.ts'
import { Truth } from '../../simulation/truth.ts'

const OPERATIONS = 4_000

function play(seed: number, operations: number): Promise<Outcome> {
  return simulate({
    random: new Random(seed),
    configurationSeed: seed,
    truth: new Truth(),
    repositoryIds: [1, 2, 3, 4, 5, 6],
    prefix: '',
    shared: false,
    operations,
    recountOperations: 2_000,
    ledger: (clockMs) => new PureLedger(clockMs),
  })
}

describe('the rules of the ledger hold', () => {
  const happened = new Set<string>()

  it.each([
    [43, ', which found late reports of overages that were entered nowhere'],
    [20, ', which found a period that ended between reading the configuration and reserving'],
    [11, ', which found an experiment with its budget twice, extended after its end'],
    [7, ''],
    [20_261_120, ''],
  ])('in the world of seed %i%s', async (seed) => {
    const outcome = await play(seed, OPERATIONS)
    expect(outcome.broken).toBeUndefined()
    expect(outcome).toMatchObject({ overshootMicroUsd: 0n, lostMicroUsd: 0n, stuckHolds: 0, falseRefusals: 0 })
    expect(outcome).toMatchObject({ overshootTokens: 0n, lostTokens: 0n })
    expect(outcome.operations).toBeGreaterThanOrEqual(OPERATIONS)
    expect(outcome.crashes).toBeGreaterThan(50)
    for (const what of Object.keys(outcome.counts)) happened.add(what)
  })

  it('while everything happened that is meant to', () => {
    expect([...happened]).toEqual(
      expect.arrayContaining([
        ...['after claim', 'after draw', 'before call', 'after call', 'before reply is kept', 'after reply'].map(
          (point) => `crash runner ${point}`,
        ),
        ...['before report', 'after report', 'at a heartbeat'].map((point) => `crash runner ${point}`),
        ...['after reserve', 'after dispatch', 'before', 'after'].map((point) => `crash app ${point}`),
        ...['lost', 'delayed', 'twice', 'unanswered', 'paused', 'slow app', 'stale configuration'].map(
          (fault) => `fault ${fault}`,
        ),
        ...['command twice', 'two jobs', 'never started', 'dispatch refused'].map((fault) => `fault ${fault}`),
        ...['reported', 'unknown', 'implausible', 'unbilled', 'overage'].map((billed) => `call ${billed}`),
        ...['budget', 'period', 'rename', 'enforce', 'sprint', 'time', 'extend'].map((change) => `change ${change}`),
        ...['no-room', 'account-frozen', 'already-running'].map((reason) => `refusal reserve ${reason}`),
        ...['cap', 'share', 'overage'].map((limit) => `meter no-room ${limit}`),
        'late report',
        'operation thaw',
        'swept',
      ]),
    )
  })
})

it('plays the same events for the same seed, and others for another', async () => {
  const [first, again, other] = [await play(11, 1_000), await play(11, 1_000), await play(12, 1_000)]
  expect(again).toEqual(first)
  expect(other.trace).not.toBe(first.trace)
})

it('lets a thousand who ask at once have the budget to the last useful cent', async () => {
  const rushed = await rush(new PureLedger(() => 0), 1, '')
  expect(rushed).toMatchObject({ asked: 1_000, granted: 16, refused: 984 })
  expect(rushed.spendableBasisPoints).toBeGreaterThanOrEqual(9_500)
  expect(rushed.spentOfHeldBasisPoints).toBeGreaterThanOrEqual(9_500)
})
