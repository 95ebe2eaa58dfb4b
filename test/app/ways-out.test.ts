/** Every way by which words of a run reach GitHub, with words that want to do something there. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Report } from '../../core/run/report.ts'
import { HOSTILE, hostileReview, nothingActive } from './hostile-words.ts'
import { PORTFOLIOS, type Stage, setStage, workOn } from './stage.ts'

let stage: Stage
const kinds = { tidy: 'commit', propose: 'pull-request', look: 'review', tell: 'comment', report: 'issue' } as const
const workflow = (name: string, deliver: string, approve: boolean) => `name: ${name}
summary: Look at it
value: quality
inputs: { goal: { type: string, default: Look } }
steps: [{ id: look, agent: engineer, prompt: look.md }]
deliver: ${deliver}
approve: ${approve}
${deliver === 'issue' ? 'labels: [trouble]\n' : ''}cap: { usd: 1.00 }
`

beforeAll(async () => {
  const named = Object.entries(kinds).flatMap(([name, deliver]) => [
    { name, deliver, approve: false },
    { name: `${name}-asking`, deliver, approve: true },
  ])
  stage = await setStage({
    portfolios: PORTFOLIOS.replace('changelog]', `changelog, ${named.map(({ name }) => name).join(', ')}]`),
    files: Object.fromEntries(
      named.flatMap(({ name, deliver, approve }) => [
        [`.github/purser/catalog/${name}/workflow.yml`, workflow(name, deliver, approve)],
        [`.github/purser/catalog/${name}/look.md`, 'Look: ${{ inputs.goal }}'],
      ]),
    ),
  })
})
afterAll(async () => {
  await stage.close()
})

/** All that the App has sent to GitHub since, but files, which are code. */
function saidSince(before: number): string[] {
  return stage.github
    .calls()
    .slice(before)
    .filter(({ method, who, path }) => method !== 'GET' && who === 'app' && !/\/git\/(trees|blobs)$/.test(path))
    .map(({ path, body }) => `${path} ${JSON.stringify(body)}`)
}

test.each(Object.keys(kinds))('%s: no secret, no mention, no closing word and no command comes out', async (name) => {
  const deliver = kinds[name as keyof typeof kinds]
  const steps: Report['steps'] = [
    { id: 'look', kind: 'agent', ok: true, turns: 1, attempts: 1, spentMicroUsd: 1n, summary: HOSTILE },
  ]
  for (const command of [name, `${name}-asking`]) {
    const pull = await stage.openPull({ 'src/total.js': 'export const total = 1\nexport const sum = 2\n' })
    const before = stage.github.calls().length
    await stage.say('dev', pull.number, `/agent ${command} goal="Thank @someone, closes #1, /agent retry"`)
    const runner = await stage.runnerOf(await stage.runOn(pull.number))
    const { changeset } = workOn(pull.head, 'src/new.js', 'export const more = 1\n')
    const isOfFiles = deliver === 'commit' || deliver === 'pull-request'
    const words = { title: HOSTILE.slice(0, 250).replaceAll('\n', ' '), body: HOSTILE, review: hostileReview }
    await runner.finish({ message: HOSTILE, steps, delivery: { ...words, ...(isOfFiles && { changeset }) } })
    if (command !== name) await stage.say('dev', pull.number, '/agent deliver')
    expect(await stage.runOn(pull.number)).toMatchObject({ conclusion: 'completed' })
    const said = saidSince(before)
    const way = {
      commit: /\/git\/commits /,
      'pull-request': /\/pulls /,
      review: /\/reviews /,
      comment: /\/comments /,
      issue: /\/issues /,
    }
    expect(said.some((one) => way[deliver].test(one))).toBe(true)
    nothingActive(said)
  }
  // What the App said started nothing either.
  expect(await stage.app.database.prisma.run.count({ where: { family: { contains: 'retry' } } })).toBe(0)
})
