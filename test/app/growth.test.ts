/** However long the history is, none of it is read: what is counted is how many rows the database says it has read. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountsAsDeclared } from '../../app/ledger/accounts.ts'
import { failuresOf } from '../../app/ledger/failure.ts'
import { lastHeadOf, recentSpends } from '../../app/ledger/history.ts'
import { sharesIn } from '../../app/ledger/pooled.ts'
import { allCounts } from '../../app/ledger/portfolio-day.ts'
import { overridesOf } from '../../app/review/gather.ts'
import { promotionSchema } from '../../core/config/promotion.ts'
import { OWNER, REPO, type Stage, setStage, workOn } from './stage.ts'

/** Runs that have ended, five hours apart, and periods that are over. */
const HISTORY = 2000
const REPOSITORIES = 200
/** Of any table, in all of a run's life; a statement that reads the history gives four times as many each time. */
const ROWS_MAX = 500

let stage: Stage

beforeAll(async () => {
  stage = await setStage()
  await life()
  await stage.app.sweep()
  await lengthen()
})
afterAll(() => stage.close())

/** From the command to the merge and its revert, with what people ask for besides. */
async function life(): Promise<void> {
  const { number, head, branch } = await stage.openPull()
  const mira = stage.github.person('mira')
  await stage.say('dev', number, '/agent quote refactor+tests')
  await stage.say('dev', number, '/agent refactor+tests')
  await stage.say('dev', number, '/agent status')
  await stage.say('dev', number, '/agent list')
  await stage.say('dev', number, '/agent stop')
  await stage.say('dev', number, '/agent retry')
  const runner = await stage.runnerOf(await stage.runOn(number))
  await runner.finish({ spentMicroUsd: 500_000n, delivery: workOn(head, `src/${branch}.js`, '1\n') })
  const { deliveredSha } = await stage.runOn(number)
  await stage.github.ci.status(deliveredSha ?? '', 'build', 'success')
  await mira.label(number, 'small')
  await stage.settled()
  await mira.merge(number)
  await stage.settled()
  expect(await stage.runOn(number)).toMatchObject({ outcome: 'accepted' })
  await stage.say('dev', number, '/agent explain')
  await mira.label(await mira.openIssue('The total is wrong'), 'bug')
  await mira.revert(number)
  await stage.settled()
  expect(await stage.runOn(number)).toMatchObject({ outcome: 'rejected' })
}

/** Gives what has happened so far a long past, of the baseline and of a variant. */
async function lengthen(): Promise<void> {
  const { prisma } = stage.app.database
  const ago = (hours: number) => `now() - n * interval '5 hours' - interval '${hours} hours'`
  const others = `INSERT INTO repository (id, owner, name, installation_id, default_branch, schedules_read_at)
    SELECT n + 1000, 'owner ' || n, 'name ' || n, n, 'main', now() FROM generate_series(1, ${REPOSITORIES}) AS n`
  await prisma.$executeRawUnsafe(others)
  const past = [
    [
      'account',
      `'id', n + 1000000, 'name', CASE WHEN n % 4 = 0 THEN one.name ELSE 'portfolio ' || n % 50 END,
       'former_names', CASE WHEN n % 4 = 2 THEN ARRAY['before'] ELSE '{}' END,
       'repository_id', CASE WHEN n % 2 = 0 THEN one.repository_id ELSE 1001 + n % ${REPOSITORIES} END,
       'period_start', one.period_start - (n + 4) * interval '7 days',
       'period_end', one.period_end - (n + 4) * interval '7 days'`,
    ],
    ['session', `'id', 'session ' || n, 'command_key', 'command ' || n, 'created_at', ${ago(2)}`],
    [
      'run',
      `'id', 'run ' || n, 'session_id', 'session ' || n, 'head_sha', 'head ' || n,
       'subject_key', CASE WHEN n % 5 = 3 THEN 'push:' ELSE 'subject ' END || n,
       'variant', CASE WHEN n % 3 = 0 THEN 'one-pass' END, 'actions_run_id', n + 1000000, 'created_at', ${ago(2)},
       'ended_at', ${ago(1)}, 'conclusion', 'completed', 'reason', CASE WHEN n % 3 = 0 THEN 'nothing-to-do' END,
       'delivered_number', NULL, 'delivered_sha', lpad(n::text, 40, 'a'),
       'decide_after', NULL, 'show_after', NULL, 'look_after', NULL`,
    ],
    ['hold', `'run_id', 'run ' || n, 'account_id', n + 1000000`],
    ['entry', `'id', n + 1000000, 'key', 'entry ' || n, 'run_id', 'run ' || n, 'account_id', n + 1000000`],
    ['webhook', `'delivery_id', 'webhook ' || n`],
    ['span', `'subject_key', 'pull-request:' || n + 1000000`],
    ['portfolio_day', `'day', one.day - n`],
    ['trial_day', `'day', one.day - n, 'variant', 'one-pass'`],
    ['trial_subject', `'day', one.day - n, 'variant', 'one-pass', 'subject_key', 'subject ' || n`],
  ]
  for (const [table, fresh] of past) {
    await prisma.$executeRawUnsafe(`
      INSERT INTO ${table} SELECT another.*
      FROM (SELECT * FROM ${table} LIMIT 1) AS one, generate_series(1, ${HISTORY}) AS n,
        jsonb_populate_record(NULL::${table}, to_jsonb(one) || jsonb_build_object(${fresh})) AS another`)
  }
  const made = [
    `run_checkpoint (run_id, checkpoint) SELECT 'run ' || n, '{}'`,
    `promotion (repository_id, family, variant, decision, state, issue_number, opened_at, decided_at)
     SELECT 1001 + n % ${REPOSITORIES}, 'refactor+tests', 'variant ' || n, 'promote', 'rejected', n, ${ago(2)}, ${ago(1)}`,
    `failure (repository_id, family, fingerprint, reason, count, first_at, last_at)
     SELECT ${stage.github.repository.id}, CASE WHEN n % 2 = 0 THEN 'refactor+tests' ELSE 'review' END, n,
       'step-failed', 1, ${ago(2)}, ${ago(1)}`,
    `override_day (repository_id, family, override_key, day, subject_key, accepted)
     SELECT ${stage.github.repository.id}, 'refactor+tests', '{"capUsd":"2"}', current_date - n, 'subject ' || n, 1`,
  ]
  for (const rows of made) {
    await prisma.$executeRawUnsafe(`INSERT INTO ${rows} FROM generate_series(1, ${HISTORY}) AS n`)
  }
  await prisma.$executeRawUnsafe('ANALYZE')
  // The planner takes all of them to be due; GitHub's stand-in knows none but ours.
  await prisma.$executeRawUnsafe(
    'UPDATE repository SET looked_at = NULL, away_since = CASE WHEN id > 1000 THEN now() END',
  )
}

/** Of each table of ours, how many rows were read whole or by an index so far. */
async function rowsRead(): Promise<ReadonlyMap<string, number>> {
  const { pool } = stage.app.database
  // A connection tells the server of what it has read when it next has something to do, and not more than once a second.
  const connections = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()))
  for (const connection of connections) {
    await connection.query('SELECT pg_stat_force_next_flush()')
    connection.release()
  }
  const { rows } = await pool.query<{ table: string; rows: number }>(`
    SELECT relname AS "table", (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows
    FROM pg_stat_user_tables WHERE schemaname = 'public'`)
  return new Map(rows.map(({ table, rows }) => [table, rows]))
}

/** The tables that the work reads more of than it may. */
async function readMuchOf(work: () => Promise<unknown>): Promise<readonly (readonly [string, number])[]> {
  const before = await rowsRead()
  await work()
  const after = await rowsRead()
  const read = [...after].map(([table, rows]) => [table, rows - (before.get(table) ?? 0)] as const)
  // How many repositories there are is no history.
  return read.filter(([table, rows]) => table !== 'repository' && rows > ROWS_MAX)
}

test('a run’s life and a sweep read few rows', async () => {
  const work = async () => {
    await life()
    await stage.app.sweep()
    await stage.settled()
  }
  expect(await readMuchOf(work)).toEqual([])
  expect((await rowsRead()).get('run')).toBeGreaterThan(0)
})

describe('few rows are read by', () => {
  const prisma = () => stage.app.database.prisma
  const repositoryId = () => BigInt(stage.github.repository.id)
  const FAMILY = 'refactor+tests'

  test('the quote of what hardly ever had something to do', async () => {
    const work = async () => {
      expect(await recentSpends(prisma(), repositoryId(), FAMILY, 'one-pass')).toEqual([])
    }
    expect(await readMuchOf(work)).toEqual([])
  })

  test('the account of an experiment, which began whenever that was', async () => {
    const spec = {
      kind: 'experiment',
      name: 'billing-split',
      unit: 'usd',
      periodStart: new Date(0),
      periodEnd: new Date(Date.now() + 86_400_000),
      budget: 1n,
      enforced: true,
    } as const
    const work = async () => {
      expect(await accountsAsDeclared(prisma(), repositoryId(), [spec], new Date())).toMatchObject([{ budget: 1n }])
    }
    expect(await readMuchOf(work)).toEqual([])
  })

  test('the look for the head that a schedule goes on from', async () => {
    const work = async () => {
      expect(await lastHeadOf(prisma(), repositoryId(), FAMILY)).toBe('head 3')
    }
    expect(await readMuchOf(work)).toEqual([])
  })

  test('the newest failures of several workflows', async () => {
    const work = async () => {
      const failures = await failuresOf(prisma(), repositoryId(), [FAMILY, 'review'])
      expect(failures.map(({ fingerprint }) => fingerprint)).toEqual(['1', '2', '3', '4', '5'])
    }
    expect(await readMuchOf(work)).toEqual([])
  })

  test('the counts of a portfolio for a month', async () => {
    const now = new Date()
    const month = { start: new Date(now.getTime() - 30 * 86_400_000), end: now }
    const key = { repositoryId: repositoryId(), names: ['refactoring'] }
    const work = async () => {
      expect((await allCounts(prisma(), key, month)).rejected).toBeGreaterThanOrEqual(29)
    }
    expect(await readMuchOf(work)).toEqual([])
  })

  test('the overrides of a month', async () => {
    const period = { start: new Date(Date.now() - 30 * 86_400_000), end: new Date() }
    const work = async () => {
      const sets = await overridesOf(prisma(), repositoryId(), [FAMILY, 'review'], period)
      expect(sets.map(({ overrides }) => overrides)).toEqual(['cap=2'])
    }
    expect(await readMuchOf(work)).toEqual([])
  })

  test('what the repositories of an owner have come to in a trial', async () => {
    await prisma().trial.updateMany({ where: { family: FAMILY, variant: 'one-pass' }, data: { settled: HISTORY } })
    const trials = await prisma().trial.findMany({ where: { family: FAMILY } })
    const definitionOf = (variant: string) => trials.find((trial) => trial.variant === variant)?.definition ?? ''
    const sides = { variant: definitionOf('one-pass'), baseline: definitionOf('') }
    const work = async () => {
      const [share] = await sharesIn(prisma(), OWNER, FAMILY, sides, promotionSchema.parse({}), new Date())
      expect(share).toMatchObject({ name: REPO, settledInAll: HISTORY })
    }
    expect(await readMuchOf(work)).toEqual([])
  })
})
