/**
 * How often the rules propose a variant that does not deserve it, and one that does: many windows of runs whose outcomes are
 * drawn by chance, each decided by the very rule that the App decides by.
 */
import { parseArgs } from 'node:util'
import { type PromotionFile, promotionSchema } from '../core/config/promotion.ts'
import { decideFamily } from '../core/promotion/evidence.ts'
import { decideTrial } from '../core/promotion/promotion.ts'
import type { RunRecord } from '../core/run/run-record.ts'
import { Random } from './random.ts'

/** Settled runs of the variant in a window, each beside one of the baseline. */
const RUNS = 60
const WINDOWS_DEFAULT = 10_000
const WINDOWS_MAX = 1_000_000
/** What the baseline is truly worth: neither variant is told apart from it by its cost or its subjects. */
const BASELINE_PERCENT = 60
const PROPOSED_AT_MOST = 0.05
const PROPOSED_AT_LEAST = 0.95

export const TRIALS_USAGE = `Usage: npm run simulate -- --trials [--seed N] [--windows N]

Draws windows of ${RUNS} runs of a variant that is truly accepted 60% of the time, and of one that is 90% of the time, and counts
those in which it is proposed under the default promotion.yml. The last line is one JSON object.
`

export interface Trials {
  readonly seed: number
  readonly windows: number
  readonly runsInWindow: number
  readonly baselineAccepted: number
  /** Of a variant accepted 60% of the time: the share of windows in which it is proposed at any checkpoint. */
  readonly proposedAt60: number
  readonly proposedAt90: number
  readonly atMostAt60: number
  readonly atLeastAt90: number
  readonly ok: boolean
}

export function simulateTrials(seed: number, windows: number, promotion = promotionSchema.parse({})): Trials {
  const random = new Random(seed)
  const proposedAt60 = shareProposed(random, windows, 60, promotion)
  const proposedAt90 = shareProposed(random, windows, 90, promotion)
  return {
    seed,
    windows,
    runsInWindow: RUNS,
    baselineAccepted: BASELINE_PERCENT / 100,
    proposedAt60,
    proposedAt90,
    atMostAt60: PROPOSED_AT_MOST,
    atLeastAt90: PROPOSED_AT_LEAST,
    ok: proposedAt60 <= PROPOSED_AT_MOST && proposedAt90 >= PROPOSED_AT_LEAST,
  }
}

function shareProposed(random: Random, windows: number, acceptedPercent: number, promotion: PromotionFile): number {
  let proposed = 0
  for (let window = 0; window < windows; window += 1) {
    if (isEverProposed(drawWindow(random, acceptedPercent, promotion), promotion)) proposed += 1
  }
  return proposed / windows
}

const FAMILY = 'family'
const START_MS = Date.parse('2026-01-01T00:00:00Z')

/** The variant's runs and the baseline's in turn, spread evenly over the window's days. */
function drawWindow(random: Random, acceptedPercent: number, { window }: PromotionFile): readonly RunRecord[] {
  const stepMs = (window.days * 86_400_000) / (2 * RUNS)
  return Array.from({ length: 2 * RUNS }, (_, index): RunRecord => {
    const isBaseline = index % 2 === 0
    const isAccepted = random.chance(10 * (isBaseline ? BASELINE_PERCENT : acceptedPercent))
    return {
      run: `${index}`,
      family: FAMILY,
      variant: isBaseline ? null : 'variant',
      portfolio: 'portfolio',
      squad: null,
      subject: `${index}`,
      endedAt: new Date(START_MS + index * stepMs),
      conclusion: 'completed',
      spendMicroUsd: BigInt(random.between(300_000, 700_000)),
      outcome: isAccepted ? 'accepted' : 'rejected',
      reverted: false,
      assigned: false,
    }
  })
}

/** The App decides at each checkpoint, and what was proposed once stays proposed: so does this. */
function isEverProposed(records: readonly RunRecord[], promotion: PromotionFile): boolean {
  const now = new Date(START_MS + promotion.window.days * 86_400_000)
  const { variants } = decideFamily(FAMILY, records, promotion, now)
  return variants.some(({ checkpoints }) =>
    checkpoints.some((_, index) => decideTrial(checkpoints.slice(0, index + 1)).decision === 'promote'),
  )
}

/** Answers the exit code: 0 when both figures are reached, 1 when not, 2 for wrong usage. */
export function trialsCommand(args: readonly string[]): number {
  const read = readArguments(args)
  if (typeof read === 'string') {
    process.stderr.write(`${read}\n\n${TRIALS_USAGE}`)
    return 2
  }
  if (read.help) {
    process.stdout.write(TRIALS_USAGE)
    return 0
  }
  const trials = simulateTrials(read.seed, read.windows)
  process.stdout.write(`${JSON.stringify(trials)}\n`)
  return trials.ok ? 0 : 1
}

const SEED_DEFAULT = 1

function readArguments(args: readonly string[]): { help: boolean; seed: number; windows: number } | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        trials: { type: 'boolean' },
        seed: { type: 'string', default: `${SEED_DEFAULT}` },
        windows: { type: 'string', default: `${WINDOWS_DEFAULT}` },
        json: { type: 'boolean' },
        help: { type: 'boolean', default: false },
      },
    })
    const [seed, windows] = [Number(values.seed), Number(values.windows)]
    if (!Number.isInteger(seed) || seed < 0)
      return `--seed ${values.seed} is no seed; expected a whole number; for example 7`
    if (!Number.isInteger(windows) || windows < 1 || windows > WINDOWS_MAX) {
      return `--windows ${values.windows} is no number of windows; expected 1 to ${WINDOWS_MAX}; for example ${WINDOWS_DEFAULT}`
    }
    return { help: values.help, seed, windows }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
