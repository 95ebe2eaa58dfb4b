/** Overrides that keep earning accepted work: proposed as a variant, approved, merged. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditLedger } from '../../app/ledger/audit.ts'
import { readBuiltInLayer } from '../../catalog/built-in.ts'
import { loadConfiguration } from '../../core/config/load.ts'
import { overlayFor, overrideKeyOf, overrideSetOf, variantNameOf } from '../../core/promotion/override-set.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, workOn } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await setStage({ promotion: 'overrides: { runs: 2, subjects: 2, accepted: 80% }\n' })
})
afterAll(async () => {
  await stage.close()
})

const FILE = '.github/purser/catalog/refactor+tests/variants/effort-high-cap-4-00.yml'

async function merged(command: string): Promise<void> {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, command)
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ spentMicroUsd: 500_000n, delivery: workOn(pull.head, `src/${pull.branch}.js`, '1\n') })
  await stage.github.person('mira').merge(pull.number)
  await stage.settled()
}

async function offers() {
  const { data } = await stage.octokit.issues.listForRepo({ owner: OWNER, repo: REPO, state: 'all' })
  return data.filter(({ title }) => title.startsWith('Make ') && title.endsWith(' a variant'))
}

test('the same overrides, accepted often enough, are proposed once with the file ready, and become a variant', async () => {
  await merged('/agent refactor+tests effort=high cap=4')
  await merged('/agent refactor+tests effort=low')
  expect(await offers()).toEqual([])
  await merged('/agent refactor+tests cap=4.00 effort=high goal="Another goal says nothing of how"')
  await merged('/agent refactor+tests effort=high cap=$4')
  const [issue, ...others] = await offers()
  expect(others).toEqual([])
  expect(issue?.title, stage.log().slice(-3000)).toBe('Make refactor+tests with effort=high cap=4.00 a variant')
  expect(issue?.body).toContain('effort: high\ncap:\n  usd: 4\n')
  expect(issue?.body).toContain('| runs with an outcome | at least 2 | 3 |')
  expect(issue?.body).toContain('$0.50 for each of 3 accepted runs, none unknown')
  expect(issue?.body).not.toMatch(/\bdev\b|\bmira\b/)

  const number = issue?.number ?? 0
  await stage.github.person('dev').label(number, 'variant: approved')
  await stage.settled()
  const { data: none } = await stage.octokit.pulls.list({ owner: OWNER, repo: REPO, state: 'open' })
  expect(none, 'a label of somebody who may not maintain decides nothing').toEqual([])
  await stage.github.person('mira').label(number, 'variant: approved')
  await stage.settled()
  const { data: pulls } = await stage.octokit.pulls.list({ owner: OWNER, repo: REPO, state: 'open' })
  expect(pulls.map(({ title }) => title)).toEqual(['Add the variant refactor+tests/effort-high-cap-4-00'])
  await stage.github.person('mira').merge(pulls[0]?.number ?? 0)
  await stage.settled()
  const { data } = await stage.octokit.repos.getContent({ owner: OWNER, repo: REPO, path: FILE })
  const text = 'content' in data ? Buffer.from(data.content, 'base64').toString('utf8') : ''
  expect(text).toBe(overlayFor({ effort: 'high', capUsd: '4.00' }))
  expect((await offers())[0]?.state).toBe('closed')

  expect((await auditLedger(stage.app.database.connectionString)).findings).toEqual([])
  await stage.app.database.prisma.overrideDay.updateMany({ where: { accepted: 1 }, data: { unknown: 3 } })
  expect((await auditLedger(stage.app.database.connectionString)).findings).toHaveLength(4)
  await stage.app.database.prisma.overrideDay.updateMany({ data: { unknown: 0 } })

  // What it says already is not proposed anew.
  await merged('/agent refactor+tests effort=high cap=4')
  expect(await offers()).toHaveLength(1)
}, 240_000)

test('a set has one key and one name, and its file is a variant that the configuration accepts', () => {
  const plan = { overrides: { cap: '2x', effort: 'high', model: 'gpt-5.2' }, capMicroUsd: 5_000_000n }
  const key = overrideKeyOf(plan) ?? ''
  expect(key).toBe(overrideKeyOf({ ...plan, overrides: { model: 'gpt-5.2', effort: 'high', cap: '5' } }))
  expect(overrideKeyOf({ ...plan, variant: 'tests-first' })).toBeUndefined()
  expect(overrideKeyOf({ ...plan, overrides: {} })).toBeUndefined()
  const set = overrideSetOf(key)
  expect(variantNameOf(set)).toBe('on-gpt-5-2-effort-high-cap-5-00')
  const files = new Map([
    ['portfolios.yml', PORTFOLIOS],
    [`catalog/refactor+tests/variants/${variantNameOf(set)}.yml`, overlayFor(set)],
  ])
  const loaded = loadConfiguration([readBuiltInLayer(), { name: 'repository', root: '.', files }], '2026-11-20')
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const variant = loaded.configuration.families.get('refactor+tests')?.variants.get(variantNameOf(set))
  expect(variant?.workflow).toMatchObject({ model: 'gpt-5.2', effort: 'high', cap: { usd: 5_000_000n } })
})
