/** For whatever GitHub shows and whatever is declared: what `explain` recomputes is what the App decided. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { explainRun } from '../../../app/outcome/explain.ts'
import { readBuiltInLayer } from '../../../catalog/built-in.ts'
import { loadConfiguration } from '../../../core/config/load.ts'
import { outcomeLabels } from '../../../core/outcome/outcome.ts'
import { conclusionSchema, deliveryKindSchema } from '../../../core/run/run.ts'
import type { Run } from '../../../prisma/client/client.ts'
import { purser } from '../../cli/purser.ts'
import { PORTFOLIOS, type Stage, setStage, workOn } from '../stage.ts'

const RUNS = 24
const DAY_MS = 86_400_000

let stage: Stage
let now = new Date('2026-11-20T08:00:00Z')

beforeAll(async () => {
  stage = await setStage({ app: { clock: () => now } })
})
afterAll(async () => {
  await stage.close()
})

const yesOrNo = fc.constantFrom('yes', 'no')
/** What `app/observe` may have noted of a run, each kind at most once. */
const shown = fc.record(
  {
    merged: yesOrNo,
    closed: yesOrNo,
    'closed-as': fc.constantFrom('completed', 'not-planned'),
    reverted: yesOrNo,
    heeded: yesOrNo,
    rewritten: fc.oneof(
      fc.integer({ min: 0, max: 20 }).map((gone) => `${gone} of 20`),
      fc.constant('unreadable'),
    ),
    review: fc.constantFrom('approved', 'changes-requested', 'dismissed'),
    workflows: fc.constantFrom('same', 'changed', 'unreadable'),
    [`label ${outcomeLabels[0]}`]: fc.constantFrom('on', 'off', 'unconfirmed'),
    'label ready': fc.constantFrom('on', 'off'),
    'check check:github-actions:test': fc.constantFrom('success', 'failure', 'other'),
    'check status:circleci-checks:build': fc.constantFrom('success', 'failure'),
  },
  { requiredKeys: [] },
)
const ran = fc.record({
  conclusion: fc.constantFrom(...conclusionSchema.options.filter((one) => one !== 'refused')),
  reason: fc.constantFrom(null, 'guard-paths', 'cap-reached', 'model-failed', 'attempts-exhausted'),
  delivery: fc.constantFrom(...deliveryKindSchema.options),
  daysAgo: fc.integer({ min: 0, max: 90 }),
  isDelivered: fc.boolean(),
  shown,
})
const rule = fc.record({
  outcome: fc.constantFrom('accepted', 'reworked', 'rejected', 'unknown'),
  when: fc
    .record(
      {
        label: fc.constant('ready'),
        closed: fc.boolean(),
        reverted: fc.boolean(),
        rewritten: fc.constantFrom('20%', '60%'),
        checks: fc.constantFrom('success', 'failure'),
        review: fc.constantFrom('approved', 'changes-requested'),
        'after-days': fc.constantFrom(3, 30),
      },
      { requiredKeys: [] },
    )
    .filter((when) => Object.keys(when).length > 0),
})
const sampled = { seed: 5 }

/** Three lists of rules that `purser check` has nothing against: where one can't decide, the App decides nothing. */
function declarable(): readonly string[] {
  const lists = fc.sample(fc.array(rule, { minLength: 2, maxLength: 5 }), { ...sampled, numRuns: 60 })
  const texts = lists.map((rules) => {
    const written = rules.map((one) => `  - ${JSON.stringify(one)}\n`).join('')
    return `${PORTFOLIOS}checks: { apps: [circleci-checks] }\noutcomes:\n${written}`
  })
  const valid = texts.filter((text) => {
    const files = new Map([['portfolios.yml', text]])
    const layers = [readBuiltInLayer(), { name: 'repository', root: '.github/purser', files } as const]
    return 'configuration' in loadConfiguration(layers, '2026-11-20')
  })
  expect(valid.length).toBeGreaterThanOrEqual(3)
  return valid.slice(0, 3)
}

async function putRuns(base: Run): Promise<void> {
  const { prisma } = stage.app.database
  for (const [index, { conclusion, reason, daysAgo, ...made }] of fc
    .sample(ran, { ...sampled, numRuns: RUNS })
    .entries()) {
    const id = `random-${index}`
    const endedAt = new Date(now.getTime() - daysAgo * DAY_MS)
    const { plan, quote, report: _, ...row } = base
    await prisma.run.create({
      data: {
        ...row,
        id,
        subjectKey: `pull-request:${1000 + index}`,
        // What is explained of a session are its newest runs, and the one that really ran is to be among them.
        createdAt: new Date(base.createdAt.getTime() - 1000),
        plan: plan ?? {},
        quote: quote ?? {},
        conclusion,
        reason: conclusion === 'completed' ? null : reason,
        delivery: made.delivery,
        endedAt,
        deliveredSha: made.isDelivered ? base.deliveredSha : null,
        deliveredUrl: made.isDelivered ? base.deliveredUrl : null,
        outcome: 'pending',
        outcomeRule: null,
        decideAfter: now,
      },
    })
    const rows = Object.entries(made.shown).map(([named, value]) => {
      const [kind = '', key = ''] = named.split(' ')
      return { runId: id, kind, key, value: String(value), at: new Date(endedAt.getTime() + 1000) }
    })
    await prisma.fact.createMany({ data: rows })
  }
}

async function explainAll() {
  const runs = await stage.app.database.prisma.run.findMany({
    where: { id: { startsWith: 'random-' } },
    include: { facts: true },
  })
  const explained = []
  for (const { facts, ...run } of runs) {
    const one = await explainRun(stage.app.database.prisma, run, facts)
    if (!one) throw new Error(`nothing was decided of ${run.id}`)
    explained.push({ run, ...one })
  }
  return explained
}

function differs({ explained }: { explained: { agrees: boolean } | null }): boolean {
  return explained?.agrees === false
}

async function decideAll(): Promise<void> {
  now = new Date(now.getTime() + DAY_MS)
  await stage.app.database.prisma.run.updateMany({
    where: { id: { startsWith: 'random-' } },
    data: { decideAfter: now },
  })
  await stage.app.sweep()
  await stage.settled()
}

test('whatever was shown and declared, explaining decides as the App did, and notices what was changed since', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests')
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ delivery: workOn(pull.head, 'src/a.js', '1\n') })
  await putRuns(await stage.runOn(pull.number))
  const outcomes = new Set<string>()
  for (const [round, text] of declarable().entries()) {
    const files = { '.github/purser/portfolios.yml': text }
    await stage.github.person('mira').push({ branch: 'main', files, message: `Rules ${round}` })
    await stage.settled()
    await decideAll()
    for (const { run, agrees, stored, recomputed, steps } of await explainAll()) {
      expect(recomputed, run.id).toEqual(stored)
      expect(agrees, run.id).toBe(true)
      outcomes.add(stored.outcome)
      for (const [index, step] of steps.entries()) {
        const decides = index === steps.length - 1 && stored.rule !== 'no rule matches yet'
        expect(step.unmet === undefined, `${run.id}: ${step.says}`).toBe(decides)
        if (step.list === 'own') expect(step.place).toMatch(/^\.github\/purser\/portfolios\.yml:\d+$/)
      }
    }
  }
  expect([...outcomes].sort(), 'the sample says something').toEqual([
    'accepted',
    'pending',
    'rejected',
    'reworked',
    'unknown',
  ])

  const { sessionId, id } = await stage.runOn(pull.number)
  await stage.github.person('mira').merge(pull.number)
  await stage.settled()
  await stage.app.database.prisma.run.deleteMany({ where: { facts: { none: {} }, id: { startsWith: 'random-' } } })
  const env = { DATABASE_URL: stage.app.database.connectionString }
  const told = await purser(['explain', sessionId, '--json'], { env })
  expect(told.stderr).toBe('')
  const { ok, session, runs } = JSON.parse(told.stdout)
  expect({ ok, session }, JSON.stringify(runs.filter(differs))).toEqual({ ok: true, session: sessionId })
  expect(told.code).toBe(0)
  await stage.say('dev', pull.number, '/agent explain')
  const answer = (await stage.replies(pull.number)).at(-1)
  expect(answer).toContain('it comes to the same')
  expect(answer).toMatch(/\| built-in 4 \| rejected when reverted \| no: not reverted \||\| \d, `\.github/)

  await stage.app.database.prisma.fact.deleteMany({ where: { runId: id, kind: 'merged' } })
  const changed = await purser(['explain', sessionId], { env })
  expect(changed.code).toBe(1)
  expect(changed.stdout).toContain('THE LEDGER DOES NOT AGREE')
  expect(await purser(['explain', 'nothing'], { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has no session nothing'),
  })
}, 240_000)
