/** The command line of `npm run simulate`. */
import { parseArgs } from 'node:util'

export const USAGE = `npm run simulate -- [options]

Plays a seeded world of Apps, runners and faults against the ledger, checks its invariants after every operation, and
prints one JSON line at the end. The same seed gives the same events.

  --seed N          which world (default: a new one each time, printed)
  --operations N    how many operations of the ledger (default 100000)
  --database URL    a PostgreSQL server, or \`embedded\`; without it the rules of core/ in memory
  --processes N     so many processes on that server, killed and started again now and then (default 1)
  --rush            only: 1,000 reserve at once from one account
  --json            no progress, only the JSON line
  --trials          instead: how often the promotion rules propose a variant by chance; see --trials --help
  --help

  npm run simulate -- --seed 7 --operations 1000000
  npm run simulate -- --seed 7 --operations 100000 --processes 8 --database postgresql://localhost/simulation
`

export interface Arguments {
  readonly seed: number
  readonly operations: number
  readonly database: string | undefined
  readonly processes: number
  readonly rush: boolean
  readonly json: boolean
}

/** The command line can't be used; the message says what is wrong, what is expected, and an example. */
export class BadArguments extends Error {
  override readonly name = 'BadArguments'
}

const SEED_MAX = 0x7fffffff
const OPERATIONS_MAX = 100_000_000
const PROCESSES_MAX = 64

/** `freshSeed` stands where none is given. Throws `BadArguments`; answers `help` where that was asked for. */
export function readArguments(args: readonly string[], freshSeed: number): Arguments | 'help' {
  const values = parse(args)
  if (values.help === true) return 'help'
  const processes = whole('--processes', values.processes ?? '1', 1, PROCESSES_MAX)
  if (processes > 1 && values.database === undefined) {
    throw new BadArguments(
      '--processes needs a database that several can share; expected a server; for example --database postgresql://localhost/simulation',
    )
  }
  if (processes > 1 && values.database === 'embedded') {
    throw new BadArguments(
      'an embedded database serves one process; expected a server; for example --database postgresql://localhost/simulation',
    )
  }
  return {
    seed: whole('--seed', values.seed ?? `${freshSeed}`, 0, SEED_MAX),
    operations: whole('--operations', values.operations ?? '100000', 1, OPERATIONS_MAX),
    database: values.database === undefined ? undefined : databaseOf(values.database),
    processes,
    rush: values.rush === true,
    json: values.json === true,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string' },
        operations: { type: 'string' },
        database: { type: 'string' },
        processes: { type: 'string' },
        rush: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new BadArguments(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function whole(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new BadArguments(
    `${option} is ${JSON.stringify(text)}; expected a whole number from ${least} to ${most}; for example ${option} ${Math.max(least, 7)}`,
  )
}

function databaseOf(text: string): string {
  if (text === 'embedded' || /^postgres(ql)?:\/\//.test(text)) return text
  throw new BadArguments(
    `--database is ${JSON.stringify(text)}; expected \`embedded\` or a URL; for example --database postgresql://localhost/simulation`,
  )
}
