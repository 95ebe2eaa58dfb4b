/** Who pays for a variant, and what is said of it, by how a run came to it: through the App's own doors. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { payersOf } from '../../app/ledger/accounts.ts'
import { PORTFOLIOS, type Stage, setStage } from './stage.ts'

const EXPLORATION = `exploration:
  sprint: { days: 14, from: 2026-11-02 }
  every-squad: { usd: 5 }
  squads:
    everybody: { paths: ['**'] }
`

let stage: Stage

beforeAll(async () => {
  stage = await setStage({
    portfolios: `${PORTFOLIOS}    trials: { refactor+tests/tests-first: 100% }\n${EXPLORATION}`,
  })
})
afterAll(async () => {
  await stage.close()
})

async function asked(command: string) {
  const { number } = await stage.openPull()
  await stage.say('dev', number, command)
  const run = await stage.runOn(number)
  const { prisma } = stage.app.database
  const accounts = await payersOf(prisma, run.id)
  const said = (await stage.replies(number)).join('\n')
  return { number, said, run, payers: accounts.map(({ kind, name }) => `${kind} ${name}`) }
}

test('an assigned variant is the portfolio’s, and its comment says by what and how to do without it', async () => {
  const { number, said, run, payers } = await asked('/agent refactor+tests')
  expect(run).toMatchObject({ variant: 'tests-first', assignment: 'assigned' })
  expect(payers).toEqual(['portfolio refactoring'])
  expect(said).toContain('`tests-first` was assigned to this subject, as to 100% of all')
  expect(said).toContain(`The SHA-256 of \`refactor+tests pull-request:${number}\` puts it into bucket`)
  expect(said).toContain('`/agent refactor+tests/baseline`')
  await stage.say('dev', number, '/agent explain')
  expect((await stage.replies(number)).at(-1)).toContain(`The SHA-256 of \`refactor+tests pull-request:${number}\``)
})

test('a chosen variant is the squad’s', async () => {
  const { said, run, payers } = await asked('/agent refactor+tests/tests-first')
  expect(run).toMatchObject({ variant: 'tests-first', assignment: 'chosen' })
  expect(payers).toEqual(['squad everybody'])
  expect(said).not.toContain('was assigned')
})

test('the baseline can be chosen', async () => {
  const { run, payers } = await asked('/agent refactor+tests/baseline')
  expect(run).toMatchObject({ variant: null, assignment: 'baseline' })
  expect(payers).toEqual(['portfolio refactoring'])
})

test('the quote tells the side and, of a chosen variant, that one squad’s floor does not reach', async () => {
  const { number } = await stage.openPull()
  await stage.say('dev', number, '/agent quote refactor+tests')
  expect((await stage.replies(number)).at(-1)).toContain('was assigned to this subject')
  await stage.say('dev', number, '/agent quote refactor+tests/tests-first')
  expect((await stage.replies(number)).at(-1)).toContain('can’t be decided on one squad’s floor alone')
})
