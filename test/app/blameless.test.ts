import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Stage, setStage, workOn } from './stage.ts'

/** Names that occur in no word of a text, a plan or a path. */
const MAINTAINER = 'canary-maintainer'
const WRITER = 'canary-writer'
const STRANGER = 'canary-stranger'

let stage: Stage

beforeAll(async () => {
  stage = await setStage({
    users: { [MAINTAINER]: 'maintain', [WRITER]: 'write', [STRANGER]: 'none' },
    author: WRITER,
  })
})
afterAll(async () => {
  await stage.close()
})

test('after a whole line, with refusals and faults on the way, no table and no line of the log names anybody', async () => {
  // Branches and titles name people too, and a branch's name is needed until the work is delivered.
  const pull = await stage.github.person(WRITER).openPull({
    branch: `${WRITER}/fix`,
    title: `Fix what ${MAINTAINER} found`,
    files: { 'src/total.js': 'export const total = () => 0\n' },
  })
  await stage.settled()
  await stage.say(STRANGER, pull.number, '/agent refactor+tests')
  stage.github.fail({ path: /\/permission$/, status: 500 })
  await stage.say(WRITER, pull.number, '/agent refactor+tests')
  // A handler that fails is tried again, and what went wrong is logged and kept.
  stage.github.fail({ path: /\/reactions$/, status: 500 })
  await stage.say(WRITER, pull.number, '/agent refactor+tests')
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.events({ sequence: 1, spentMicroUsd: '0', wantMicroUsd: '100000', step: 'refactor' })
  await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
  await stage.github.person(MAINTAINER).label(pull.number, 'agent/accepted')
  await stage.github.person(MAINTAINER).merge(pull.number)
  await stage.settled()
  await stage.say(WRITER, pull.number, '/agent explain')
  await stage.say(WRITER, pull.number, '/agent status')
  expect(await stage.runOn(pull.number)).toMatchObject({ outcome: 'accepted' })

  const { prisma } = stage.app.database
  const tables = await prisma.$queryRaw<{ name: string }[]>`
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'pgboss')`
  expect(tables.length).toBeGreaterThan(12)
  for (const { name } of tables) {
    const rows = await prisma.$queryRawUnsafe<{ row: string }[]>(`SELECT to_jsonb(t)::text AS row FROM ${name} AS t`)
    for (const { row } of rows) expect(row, name).not.toContain('canary')
  }
  for (const reply of await stage.replies(pull.number)) expect(reply).not.toContain('canary')
  expect(stage.log()).toContain('webhook not handled')
  expect(stage.log()).not.toContain('canary')
})
