/**
 * Deciding a family anew, as the App does when an outcome changes (store the outcome, move the counts, look at the trial),
 * with a short and with a long history of the same family behind it. Two PostgreSQL servers of this machine in turn,
 * medians. Runs end at the same rate in both, half of them the baseline's; the long history only goes further back.
 */
import pg from 'pg'
import { type Database, openDatabase } from '../app/database/open.ts'
import { lookAt } from '../app/ledger/look.ts'
import { recordOutcome } from '../app/ledger/trial.ts'
import { promotionSchema } from '../core/config/promotion.ts'
import { startTestServer, type TestServer } from '../test/app/database/server.ts'

const FAMILY = 'refactor+tests'
const VARIANT = 'tests-first'
const REPOSITORY_ID = 1n
const NOW = new Date('2026-11-20T12:00:00Z')
const RUNS_A_DAY = 20
const WARM_UP = 30

export interface DecideBench {
  readonly samples: number
  readonly runsFew: number
  readonly runsMany: number
  readonly fewMs: number
  readonly manyMs: number
  readonly ratio: number
}

/** Undefined where the machine has no PostgreSQL server. */
export async function measureDecide(
  samples: number,
  runsFew = 1_000,
  runsMany = 1_000_000,
): Promise<DecideBench | undefined> {
  const few = await openWith(runsFew)
  const many = few && (await openWith(runsMany))
  try {
    if (few === undefined || many === undefined) return undefined
    const times: { few: number[]; many: number[] } = { few: [], many: [] }
    for (let sample = -WARM_UP; sample < samples; sample += 1) {
      const [fewMs, manyMs] = [await decideOnce(few.database, sample), await decideOnce(many.database, sample)]
      if (sample < 0) continue
      times.few.push(fewMs)
      times.many.push(manyMs)
    }
    const [fewMs, manyMs] = [median(times.few), median(times.many)]
    return { samples, runsFew, runsMany, fewMs, manyMs, ratio: manyMs / fewMs }
  } finally {
    await few?.close()
    await many?.close()
  }
}

interface Opened {
  readonly database: Database
  close(): Promise<void>
}

async function openWith(runs: number): Promise<Opened | undefined> {
  const server = await startTestServer()
  if (server === undefined) return undefined
  const database = await openDatabase({ url: server.url })
  await fill(server, runs)
  return {
    database,
    async close() {
      await database.close()
      await server.stop()
    },
  }
}

/** One of the newest runs of the variant becomes rejected, and accepted again the next time. */
async function decideOnce({ prisma }: Database, sample: number): Promise<number> {
  const started = performance.now()
  const outcome = sample % 2 === 0 ? 'rejected' : 'accepted'
  await recordOutcome(prisma, 'run-1', () => ({ outcome, rule: outcome, reverted: false }), NOW)
  const trial = { repositoryId: REPOSITORY_ID, family: FAMILY, variant: VARIANT }
  const { checkpoints } = await lookAt(prisma, trial, promotionSchema.parse({}), NOW)
  if (checkpoints.length !== 2) throw new Error(`${checkpoints.length} checkpoints decided`)
  return performance.now() - started
}

/** Run 0 ended now, run 1 a little before; odd ones are the variant's. Then the counts, out of the runs. */
async function fill({ url }: TestServer, runs: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const stepMs = Math.round(86_400_000 / RUNS_A_DAY)
  await client.query(`INSERT INTO repository VALUES (${REPOSITORY_ID}, 'acme', 'shop', 1, 'main')`)
  await client.query(`
    INSERT INTO session (id, repository_id, subject_kind, subject_key, family, trigger, command_key, ceiling_micro_usd, created_at)
    VALUES ('session', ${REPOSITORY_ID}, 'push', 'push:main', '${FAMILY}', 'push', 'push', 0, now())`)
  await client.query(`
    INSERT INTO run (id, session_id, repository_id, family, variant, assignment, portfolio, subject_key, head_sha, config_sha,
      plan, quote, cap_micro_usd, held_micro_usd, spent_micro_usd, state, created_at, reserved_at, ended_at, conclusion,
      delivery, outcome, outcome_rule)
    SELECT 'run-' || n, 'session', ${REPOSITORY_ID}, '${FAMILY}', CASE WHEN n % 2 = 1 THEN '${VARIANT}' END,
      (CASE WHEN n % 2 = 1 THEN 'chosen' ELSE 'baseline' END)::assignment, 'refactoring', 'pull-request:' || n / 3,
      'head', 'config', '{}', '{}', 500000, 500000, 400000, 'ended', ended_at, ended_at, ended_at, 'completed', 'commit',
      (CASE WHEN n % 10 = 3 THEN 'rejected' ELSE 'accepted' END)::outcome, 'merged'
    FROM generate_series(0, ${runs - 1}) AS n,
      LATERAL (SELECT '${NOW.toISOString()}'::timestamptz - n * interval '${stepMs} milliseconds' AS ended_at) AS ended`)
  const day = "(ended_at AT TIME ZONE 'UTC')::date"
  await client.query(`
    INSERT INTO trial_day (repository_id, family, variant, day, settled, accepted, rejected, spend_micro_usd)
    SELECT repository_id, family, coalesce(variant, ''), ${day}, count(*), count(*) FILTER (WHERE outcome = 'accepted'),
      count(*) FILTER (WHERE outcome = 'rejected'), sum(spent_micro_usd)
    FROM run GROUP BY 1, 2, 3, 4`)
  await client.query(`
    INSERT INTO trial_subject (repository_id, family, variant, day, subject_key, settled)
    SELECT repository_id, family, coalesce(variant, ''), ${day}, subject_key, count(*) FROM run GROUP BY 1, 2, 3, 4, 5`)
  await client.query(`
    INSERT INTO trial (repository_id, family, variant, settled)
    SELECT repository_id, family, coalesce(variant, ''), count(*) FROM run GROUP BY 1, 2, 3`)
  await client.query(`
    INSERT INTO portfolio_day (repository_id, portfolio, family, day, completed, accepted, rejected, spend_micro_usd)
    SELECT repository_id, portfolio, family, day, sum(completed), sum(accepted), sum(rejected), sum(spend_micro_usd)
    FROM counted_run GROUP BY 1, 2, 3, 4`)
  await client.query('VACUUM ANALYZE')
  await client.end()
}

function median(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? Number.NaN
}
