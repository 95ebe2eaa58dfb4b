/** `purser evidence`: a family's decisions, recomputed from its runs by the rule that the App decides by. */
import { nearest } from '../../core/nearest.ts'
import { decideFamily, windowOf } from '../../core/promotion/evidence.ts'
import { moment, type RunRecord } from '../../core/run/run-record.ts'
import type { EvidenceOptions } from '../commands/evidence.ts'
import { type ExitCode, endProblem, endWrongUsage, exitCodes, printJson } from '../exit.ts'
import { familyDocument } from './evidence-document.ts'
import { readRuns } from './evidence-records.ts'
import { readRules } from './evidence-rules.ts'
import { familyText } from './evidence-text.ts'

export async function evidence(options: EvidenceOptions): Promise<ExitCode> {
  const { family, json } = options
  const asked = readAsked(options)
  if ('usage' in asked) return endWrongUsage(asked.usage, json)
  const rules = readRules(options.promotion, family)
  if ('problem' in rules) return endProblem(rules.problem, json)
  const runs = await readAll(options)
  if ('problem' in runs) return endProblem(runs.problem, json)
  const parts = runs.map(({ records, since }) =>
    decideFamily(family, records, rules.promotion, asked.now, new Map([...since, ...asked.since])),
  )
  const window = windowOf(rules.promotion, asked.now)
  const decided = { family, window, variants: parts.flatMap(({ variants }) => variants) }
  const names = decided.variants.map(({ variant }) => variant)
  const unknown = [...asked.since.keys()].find((variant) => !names.includes(variant))
  if (unknown !== undefined) {
    const expected = names.length === 0 ? 'a variant that has runs; there is none' : `one of ${names.join(', ')}`
    const usage = `--since ${unknown}=… names no variant of ${family} that has runs; expected ${expected}`
    return endWrongUsage(
      `${usage}; for example ${nearest(unknown, names) ?? names[0] ?? 'tests-first'}=2026-11-02T09:30:00Z`,
      json,
    )
  }
  if (json) printJson(familyDocument(decided))
  else process.stdout.write(familyText(decided, rules.name))
  return exitCodes.done
}

interface Asked {
  readonly now: Date
  readonly since: ReadonlyMap<string, Date>
}

function readAsked({ records, now, since, repository, save }: EvidenceOptions): Asked | { readonly usage: string } {
  const ofLedger = save === undefined ? (repository === undefined ? undefined : '--repository') : '--save'
  if (records !== undefined && ofLedger !== undefined) {
    return { usage: `${ofLedger} and --records; expected ${ofLedger} where the ledger is read, without --records` }
  }
  const asOf = now === undefined ? new Date() : moment.safeParse(now).data
  if (asOf === undefined)
    return { usage: `--now ${now} is no time; expected one with its offset; for example 2026-11-20T12:00:00Z` }
  const began = new Map<string, Date>()
  for (const pair of since) {
    const [, variant, text] = /^([^=]+)=(.*)$/.exec(pair) ?? []
    const at = moment.safeParse(text).data
    if (variant === undefined || at === undefined) {
      return {
        usage: `--since ${pair} is no variant and time; expected both; for example tests-first=2026-11-02T09:30:00Z`,
      }
    }
    began.set(variant, at)
  }
  return { now: asOf, since: began }
}

interface Told {
  readonly records: Iterable<RunRecord>
  readonly since: ReadonlyMap<string, Date>
}

/** The ledger's parts take a second to load, and a file of runs needs none of them. */
async function readAll(options: EvidenceOptions): Promise<readonly Told[] | { readonly problem: string }> {
  if (options.records !== undefined) return told(options.records, options.family)
  const { readLedger } = await import('./evidence-ledger.ts')
  return readLedger(options)
}

async function told(file: string, family: string): Promise<readonly Told[] | { readonly problem: string }> {
  const runs = await readRuns(file, family)
  if ('problem' in runs) return runs
  if (!runs.families.has(family)) {
    const others =
      runs.families.size === 0 ? 'there are none at all' : `there are runs of ${[...runs.families].sort().join(', ')}`
    process.stderr.write(`No run is of ${family}; ${others}.\n`)
  }
  return [{ records: runs.records, since: new Map() }]
}
