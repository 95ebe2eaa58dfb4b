/** What the App decided, recomputed by anybody: from its ledger, and from the runs that were saved from it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openDatabase } from '../../../app/database/open.ts'
import { recordOutcome } from '../../../app/ledger/trial.ts'
import type { Run } from '../../../prisma/client/client.ts'
import { folder, purser } from '../../cli/purser.ts'
import { onDisk } from '../database/embedded-beginning.ts'
import { newEndedRuns } from '../ledger/ended-runs.ts'
import { putLike } from '../like-run.ts'
import { OWNER, PORTFOLIOS, REPO, setStage, ticking, workOn } from '../stage.ts'

const DAY_MS = 86_400_000
const PROMOTION = `window: { days: 60 }
promote: { runs: 2, subjects: 2, accepted: 80%, spend-per-accepted: 1.25x, unknown: 20%, reverted: 5% }
sunset: { runs: 2, accepted-below: 40% }
`
/** The variant costs 1.4 times what the baseline does. */
const RATIO = PORTFOLIOS.replace(
  '    budget:',
  '    high-cost: Deep context pays off.\n    spend-per-accepted: 1.5x\n    budget:',
)
const SPENT = { baseline: 500_000n, variant: 700_000n }

const answerSchema = z.object({
  variants: z.array(
    z.object({
      variant: z.string(),
      decision: z.string(),
      reasons: z.array(z.string()),
      checkpoints: z.array(
        z.object({
          settled: z.number(),
          at: z.string(),
          allHold: z.boolean(),
          sunsetHolds: z.boolean(),
          measures: z.array(
            z.object({
              threshold: z.string(),
              required: z.string(),
              measured: z.string().nullable(),
              holds: z.boolean(),
            }),
          ),
        }),
      ),
    }),
  ),
})

test('anybody comes to the App’s decision, also after a late revert', async () => {
  const cwd = folder({ 'promotion.yml': PROMOTION, 'portfolios.yml': RATIO })
  const dataDir = onDisk(join(cwd, 'ledger'))
  let now = new Date('2026-11-20T12:00:00Z')
  const stage = await setStage({
    app: { clock: ticking(() => now), dataDir },
    promotion: PROMOTION,
    portfolios: RATIO,
  })
  const { prisma } = stage.app.database

  const accept = async (command: string): Promise<Run> => {
    now = new Date(now.getTime() + DAY_MS / 2)
    const pull = await stage.openPull()
    await stage.say('dev', pull.number, command)
    const runner = await stage.runnerOf(await stage.runOn(pull.number))
    const spentMicroUsd = SPENT[command.includes('/tests-first') ? 'variant' : 'baseline']
    await runner.finish({ spentMicroUsd, delivery: workOn(pull.head, `src/${pull.branch}.js`, '1\n') })
    await stage.github.person('mira').merge(pull.number)
    await stage.settled()
    const run = await stage.runOn(pull.number)
    expect(run).toMatchObject({ outcome: 'accepted' })
    return run
  }
  const acceptLike = async (run: Run) => {
    now = new Date(now.getTime() + DAY_MS / 2)
    await putLike(prisma, run, now, 'merged', { spentMicroUsd: run.spentMicroUsd })
    await stage.app.sweep()
    await stage.settled()
  }
  /** As the App has kept it. */
  const looked = async () => {
    const rows = await prisma.checkpoint.findMany({ where: { variant: 'tests-first' }, orderBy: { settled: 'asc' } })
    return rows.map(({ settled, at, allHold, sunsetHolds, measures }) => ({
      settled,
      at: at.toISOString(),
      allHold,
      sunsetHolds,
      measures: z
        .array(
          z
            .object({
              measured: z
                .string()
                .nullish()
                .transform((text) => text ?? null),
            })
            .loose(),
        )
        .parse(measures),
    }))
  }

  await acceptLike(await accept('/agent refactor+tests'))
  const first = await accept('/agent refactor+tests/tests-first')
  for (let run = 2; run <= 3; run += 1) await acceptLike(first)
  expect(await prisma.promotion.count()).toBe(0)
  const early = { at: now, looked: await looked() }
  const last = await accept('/agent refactor+tests/tests-first')
  const proposed = { at: now, looked: await looked() }
  expect(await prisma.promotion.findMany()).toMatchObject([{ variant: 'tests-first', decision: 'promote' }])
  now = new Date(now.getTime() + DAY_MS)
  await stage.github.person('mira').revert(Number(last.subjectKey.split(':')[1]))
  await stage.settled()
  const reverted = { at: now, looked: await looked() }
  expect(reverted.looked).not.toEqual(proposed.looked)
  await stage.close()

  const family = ['--family', 'refactor+tests', '--promotion', 'promotion.yml', '--json']
  const evidence = async (...args: string[]) => {
    const { code, stdout, stderr } = await purser(['evidence', ...family, ...args], {
      cwd,
      env: { PURSER_DATA: dataDir },
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  }
  const fromLedger = await evidence(
    '--repository',
    `${OWNER}/${REPO}`,
    '--save',
    'runs.jsonl',
    '--now',
    now.toISOString(),
  )
  const fromRecords = await evidence('--records', 'runs.jsonl', '--now', now.toISOString())
  expect(fromRecords).toBe(fromLedger)

  // The revert is a fact of the records now, as it is of the ledger: what was before it is not recomputed, what came of it is.
  const recomputed = answerSchema.parse(JSON.parse(fromRecords)).variants
  expect(recomputed).toMatchObject([
    {
      variant: 'tests-first',
      decision: 'not-yet',
      reasons: [
        'checkpoints-differ',
        'accepted-below',
        'below-baseline',
        'too-dear',
        'reverted-too-often',
        'reverted-above-baseline',
      ],
    },
  ])
  expect(recomputed[0]?.checkpoints).toEqual(reverted.looked)
  // Before the last run had ended, the same records say what the App saw then.
  const [before] = answerSchema.parse(
    JSON.parse(await evidence('--records', 'runs.jsonl', '--now', early.at.toISOString())),
  ).variants
  expect(before?.checkpoints).toEqual(early.looked)
}, 180_000)

test('a trial of the organisation’s layer is recomputed by the name of its repository, over all that declare the same', async () => {
  const cwd = folder({ 'promotion.yml': PROMOTION })
  const dataDir = onDisk(join(cwd, 'ledger'))
  const database = await openDatabase({ dataDir })
  const { prisma } = database
  const at = (hours: number) => new Date(Date.parse('2026-11-20T12:00:00Z') - hours * 3_600_000)
  const runsOf = (name: string, sides: readonly (string | null)[]) =>
    sides.map((variant, index) => ({
      id: `${name}-${index}`,
      variant,
      subjectKey: `pull-request:${index}`,
      endedAt: at(20 - index),
      spentMicroUsd: 500_000n,
    }))
  const declared = async (name: string, sides: readonly (string | null)[], definition: string) => {
    const { repositoryId } = await newEndedRuns(prisma, 'tidy', runsOf(name, sides))
    await prisma.repository.update({ where: { id: repositoryId }, data: { name } })
    for (const { id } of runsOf(name, sides)) {
      await recordOutcome(prisma, id, () => ({ outcome: 'accepted', rule: 'merged', reverted: false }), at(0))
    }
    for (const variant of ['', 'mild']) {
      const key = { repositoryId, family: 'tidy', variant }
      await prisma.trial.upsert({
        where: { repositoryId_family_variant: key },
        create: { ...key, definition },
        update: { definition },
      })
    }
  }
  await declared('.github', [], 'as-in-the-layer')
  await declared('shop', [null, 'mild', 'mild'], 'as-in-the-layer')
  await declared('web', [null, 'mild', 'mild'], 'as-in-the-layer')
  await declared('apart', [null, 'mild', 'mild', 'mild'], 'another')
  await database.close()

  const ask = ['evidence', '--family', 'tidy', '--promotion', 'promotion.yml', '--now', at(0).toISOString(), '--json']
  const env = { PURSER_DATA: dataDir }
  const together = ['--repository', 'acme/.github', '--save', 'runs.jsonl']
  const whole = await purser([...ask, ...together], { cwd, env })
  expect(whole.stderr).toBe('')
  const { variants } = answerSchema.parse(JSON.parse(whole.stdout))
  expect(variants).toMatchObject([
    { variant: 'mild', decision: 'promote', checkpoints: [{ settled: 2 }, { settled: 4 }] },
  ])
  const saved = readFileSync(join(cwd, 'runs.jsonl'), 'utf8').trimEnd().split('\n')
  expect(saved.map((line) => JSON.parse(line).run).sort()).toEqual([
    'shop-0',
    'shop-1',
    'shop-2',
    'web-0',
    'web-1',
    'web-2',
  ])
  const again = await purser([...ask, '--records', 'runs.jsonl'], { cwd })
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(whole.stdout))
  const own = await purser([...ask, '--repository', 'acme/apart'], { cwd, env })
  expect(JSON.parse(own.stdout).variants).toMatchObject([{ decision: 'not-yet', checkpoints: [{ settled: 2 }] }])
})
