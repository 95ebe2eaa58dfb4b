/** From a command line to a result: which ledger, how many processes. */
import type { Arguments } from './arguments.ts'
import type { Result } from './print.ts'
import type { Progress } from './progress.ts'
import { PureLedger } from './pure-ledger.ts'
import { Random } from './random.ts'
import { rush } from './rush.ts'
import { simulate } from './simulate.ts'
import { Truth } from './truth.ts'

const REPOSITORIES = 8
const RUSH_REPOSITORY = 1_000

export async function runSimulation(args: Arguments, progress: Progress, cancelled: () => boolean): Promise<Result> {
  const { seed } = args
  const outcome = await simulate({
    random: new Random(seed),
    truth: new Truth(),
    repositoryIds: Array.from({ length: REPOSITORIES }, (_, index) => index + 1),
    prefix: '',
    shared: false,
    operations: args.rush ? 0 : args.operations,
    ledger: (clockMs) => new PureLedger(clockMs),
    progress: (operations) => progress.say(operations),
    cancelled,
  })
  const rushed = await rush(new PureLedger(() => 0), RUSH_REPOSITORY, '')
  return { seed, outcome, rush: rushed, elapsedMs: progress.elapsedMs }
}
