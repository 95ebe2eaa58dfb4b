/** A simulator that can't fail proves nothing: each broken rule must be seen, soon, and by the invariant that names it. */
import { expect, it } from 'vitest'
import { PureLedger } from '../../simulation/pure-ledger.ts'
import { Random } from '../../simulation/random.ts'
import { type Outcome, simulate } from '../../simulation/simulate.ts'
import { Truth } from '../../simulation/truth.ts'
import * as broken from './broken-ledgers.ts'

const SEED = 20_261_120
/** Worlds in which what was found comes early. */
const SEEDS = { lateOverages: 93, endedPeriods: 120, extensions: 30, renames: 2 }

function play(Broken: new (clockMs: () => number) => PureLedger, operations: number, seed = SEED): Promise<Outcome> {
  return simulate({
    random: new Random(seed),
    configurationSeed: seed,
    truth: new Truth(),
    repositoryIds: [1, 2, 3],
    prefix: '',
    shared: false,
    operations,
    recountOperations: 500,
    ledger: (clockMs) => new Broken(clockMs),
  })
}

it.each([
  { Broken: broken.SettlesTwice, invariant: 'posted-once', within: 200 },
  { Broken: broken.ForgetsTheRoom, invariant: 'within-the-ceiling', within: 3_000 },
  { Broken: broken.ReleasesTooMuch, invariant: 'columns-are-sums', within: 200 },
  { Broken: broken.ForgetsAnEntry, invariant: 'holds-are-entered', within: 200 },
  { Broken: broken.StartsAfreshOnRename, invariant: 'one-budget-a-day', within: 2_000 },
  { Broken: broken.StartsAfreshOnAnotherPeriod, invariant: 'one-budget-a-day', within: 2_000 },
  { Broken: broken.ForgetsFormerNames, invariant: 'one-budget-a-day', within: 1_000, seed: SEEDS.renames },
  { Broken: broken.CutsTheCeilingAtOnce, invariant: 'within-the-ceiling', within: 5_000 },
  { Broken: broken.RefundsBeyondEvidence, invariant: 'nothing-lost', within: 1_000 },
  { Broken: broken.ForgetsLateOverages, invariant: 'nothing-lost', within: 1_500, seed: SEEDS.lateOverages },
  { Broken: broken.OpensWhatHasEnded, invariant: 'one-period', within: 5_000, seed: SEEDS.endedPeriods },
  { Broken: broken.StartsAfreshOnExtension, invariant: 'one-budget-a-day', within: 10_000, seed: SEEDS.extensions },
  { Broken: broken.ExpiresForNothing, invariant: 'nothing-lost', within: 500 },
  { Broken: broken.SettlesForLess, invariant: 'nothing-lost', within: 200 },
  { Broken: broken.PostsElsewhere, invariant: 'one-period', within: 500 },
  { Broken: broken.GivesARunToAnyJob, invariant: 'one-claimant', within: 1_000 },
  { Broken: broken.ClaimsWithoutAnEpoch, invariant: 'one-claimant', within: 1_000 },
  { Broken: broken.DrawsBeyondTheHold, invariant: 'drawn-within-hold', within: 500 },
  { Broken: broken.TakesBackWhatIsDrawn, invariant: 'drawn-only-rises', within: 2_000 },
  { Broken: broken.DrawsTooLittle, invariant: 'false-refusal', within: 500 },
  { Broken: broken.RefusesTooSoon, invariant: 'false-refusal', within: 2_000 },
  { Broken: broken.NeverSweeps, invariant: 'nothing-stuck', within: 500 },
  { Broken: broken.SettlesWhatHasEnded, invariant: 'posted-once', within: 2_000 },
])('$Broken.name is caught by $invariant within $within operations', async ({ Broken, invariant, within, seed }) => {
  const outcome = await play(Broken, within, seed)
  expect(outcome.broken).toMatchObject({ invariant })
})

it('finds nothing in the ledger as it is', async () => {
  const outcome = await play(PureLedger, 5_000)
  expect(outcome.broken).toBeUndefined()
})
