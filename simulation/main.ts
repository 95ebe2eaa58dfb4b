/** `npm run simulate`: the ledger under a seeded world of faults; with `--trials` the promotion rules under chance. Exits 1 where an invariant broke, 2 on bad arguments. */
import { randomInt } from 'node:crypto'
import { BadArguments, readArguments, USAGE } from './arguments.ts'
import { failureText, isFine, jsonLine } from './print.ts'
import { Progress } from './progress.ts'
import { runSimulation } from './run-simulation.ts'
import { trialsCommand } from './trials.ts'

const SEED_MAX = 0x7fffffff
const CANCELLED = 130

const given = process.argv.slice(2)
if (given.includes('--trials')) process.exitCode = trialsCommand(given)
else await simulateLedger()

async function simulateLedger(): Promise<void> {
  try {
    const args = readArguments(given, randomInt(SEED_MAX))
    if (args === 'help') {
      process.stdout.write(USAGE)
    } else {
      let isCancelled = false
      process.once('SIGINT', () => {
        isCancelled = true
      })
      const progress = new Progress(args.operations, !args.json)
      if (!args.json) process.stderr.write(`seed ${args.seed}\n`)
      const result = await runSimulation(args, progress, () => isCancelled)
      progress.end()
      const { broken } = result.outcome
      if (broken !== undefined) process.stderr.write(`${failureText(broken, args)}\n`)
      process.stdout.write(`${jsonLine(result)}\n`)
      process.exitCode = isFine(result) ? (isCancelled ? CANCELLED : 0) : 1
    }
  } catch (error) {
    if (!(error instanceof BadArguments)) throw error
    process.stderr.write(`${error.message}\n\n${USAGE}`)
    process.exitCode = 2
  }
}
