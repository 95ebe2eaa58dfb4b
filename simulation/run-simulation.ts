/** From a command line to a result: which ledger, how many processes. */
import { IN_MEMORY, openDatabase } from '../app/database/open.ts'
import type { Arguments } from './arguments.ts'
import type { Counts } from './counts.ts'
import { DatabaseBooks } from './database-books.ts'
import { DatabaseLedger } from './database-ledger.ts'
import type { Result } from './print.ts'
import { playProcesses } from './processes.ts'
import type { Progress } from './progress.ts'
import { PureLedger } from './pure-ledger.ts'
import { Random } from './random.ts'
import { addRepositories } from './repositories.ts'
import { type Rush, rush } from './rush.ts'
import { type Outcome, type SimulationOptions, simulate } from './simulate.ts'
import { Truth } from './truth.ts'

const REPOSITORIES = 8
const PURE_PROGRESS_OPERATIONS = 1_000
const DATABASE_PROGRESS_OPERATIONS = 50
/** Reading all rows of a database takes seconds by then. */
const DATABASE_RECOUNT_OPERATIONS = 20_000

/** `beginning`: what an embedded database begins with, as PGlite dumps it. */
export async function runSimulation(
  args: Arguments,
  progress: Progress,
  cancelled: () => boolean,
  beginning?: Blob,
): Promise<Result> {
  const { outcome, rushed } = await (args.database === undefined
    ? playPure(args, progress, cancelled)
    : playDatabase(args, { url: args.database, beginning }, progress, cancelled))
  return { seed: args.seed, outcome, rush: rushed, elapsedMs: progress.elapsedMs }
}

interface Played {
  readonly outcome: Outcome
  readonly rushed: Rush | undefined
}

async function playPure(args: Arguments, progress: Progress, cancelled: () => boolean): Promise<Played> {
  const outcome = await simulate({
    ...optionsOf(args, progress, cancelled),
    repositoryIds: Array.from({ length: REPOSITORIES }, (_, index) => index + 1),
    progressOperations: PURE_PROGRESS_OPERATIONS,
    ledger: (clockMs) => new PureLedger(clockMs),
  })
  return { outcome, rushed: await rush(new PureLedger(() => 0), 1, '') }
}

async function playDatabase(
  args: Arguments,
  { url, beginning }: { readonly url: string; readonly beginning: Blob | undefined },
  progress: Progress,
  cancelled: () => boolean,
): Promise<Played> {
  const database = await openDatabase(url === 'embedded' ? { dataDir: beginning ?? IN_MEMORY } : { url })
  const [rushRepository = 0, ...repositoryIds] = await addRepositories(database, REPOSITORIES + 1)
  const books = new DatabaseBooks(database, repositoryIds)
  const opened: DatabaseLedger[] = []
  const ledger = (clockMs: () => number, counts?: Counts) => {
    const one = new DatabaseLedger(database, books, clockMs, counts)
    opened.push(one)
    return one
  }
  try {
    const outcome =
      args.processes === 1
        ? await simulate({
            ...optionsOf(args, progress, cancelled),
            repositoryIds,
            progressOperations: DATABASE_PROGRESS_OPERATIONS,
            recountOperations: DATABASE_RECOUNT_OPERATIONS,
            ledger,
          })
        : await playProcesses({ args, url, repositoryIds, ledger: ledger(() => 0), progress, cancelled })
    const rushed =
      outcome.broken === undefined
        ? await rush(
            ledger(() => 0),
            rushRepository,
            '',
          )
        : undefined
    return { outcome, rushed }
  } finally {
    for (const one of opened) await one.close()
    await books.close()
    await database.close()
  }
}

function optionsOf(
  args: Arguments,
  progress: Progress,
  cancelled: () => boolean,
): Omit<SimulationOptions, 'repositoryIds' | 'ledger'> {
  return {
    random: new Random(args.seed),
    configurationSeed: args.seed,
    truth: new Truth(),
    prefix: '',
    shared: false,
    operations: args.rush ? 0 : args.operations,
    progress: ({ operations }) => progress.say(operations),
    cancelled,
  }
}
