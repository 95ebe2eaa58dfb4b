/** `purser eject`: the same workflow, owned by the repository. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readKeptPrices } from '../../../catalog/built-in.ts'
import { declaredConfiguration, readCheckout } from '../../../cli/checkout.ts'
import { copyFamily } from '../../../cli/write/eject.ts'
import { starterPortfolios } from '../../../cli/write/starter.ts'
import type { Configuration, Layer } from '../../../core/config/configuration.ts'
import { loadConfiguration } from '../../../core/config/load.ts'
import { payerOf } from '../../../core/money/payer.ts'
import type { Plan } from '../../../core/plan/plan.ts'
import { resolveRun } from '../../../core/plan/resolve.ts'
import { isRefusal } from '../../../core/reason.ts'
import { bubblewrap } from '../../action/sandboxed.ts'
import { till } from '../../catalog/play.ts'
import { RUNS } from '../../catalog/recorded/keep.ts'
import { purserHere } from '../here.ts'
import { declared, folder, PORTFOLIOS, purser, workingCopy } from '../purser.ts'

const CATALOG = '.github/purser/catalog'

function read(root: string) {
  const checkout = readCheckout(root)
  const configuration = isRefusal(checkout) ? checkout : declaredConfiguration(checkout)
  if (isRefusal(checkout) || isRefusal(configuration)) throw new Error('no configuration')
  return { configuration, keptPrices: checkout.keptPrices }
}

/** What each workflow and variant on offer would be carried out as. */
function plans(root: string): Record<string, Plan> {
  const { configuration, keptPrices } = read(root)
  const subject = { kind: 'local' as const, repository: 'till', headSha: '0'.repeat(40) }
  return Object.fromEntries(
    targets(configuration).map(({ workflow, variant }) => {
      const request = { workflow, variant, inputs: {}, overrides: {} }
      const resolved = resolveRun(configuration, request, subject, keptPrices, new Date())
      if (isRefusal(resolved)) throw new Error(resolved.message)
      return [`${workflow}/${variant ?? ''}`, resolved.plan]
    }),
  )
}

function planOf(configuration: Configuration, workflow: string): Plan {
  const subject = { kind: 'local' as const, repository: 'till', headSha: '0'.repeat(40) }
  const resolved = resolveRun(
    configuration,
    { workflow, inputs: {}, overrides: {} },
    subject,
    readKeptPrices(),
    new Date(),
  )
  if (isRefusal(resolved)) throw new Error(resolved.message)
  return resolved.plan
}

function targets(configuration: Configuration) {
  const offered = [...configuration.families.values()].filter(({ name }) => payerOf(configuration, name))
  return offered.flatMap(({ name, variants }) =>
    [undefined, ...variants.keys()].map((variant) => ({ workflow: name, variant })),
  )
}

describe('purser eject', () => {
  it('changes nothing of what any built-in workflow does', async () => {
    const root = till('mended')
    const before = plans(root)
    const names = [...read(root).configuration.families.keys()]
    expect(names.length).toBeGreaterThan(5)
    for (const name of names)
      expect(await purserHere(['eject', name], { cwd: root })).toMatchObject({ code: 0, stderr: '' })
    expect(plans(root)).toEqual(before)
    const { families, agents } = read(root).configuration
    expect([...families.values()].map(({ layer }) => layer)).toEqual(names.map(() => 'repository'))
    expect([...agents.values()].map(({ layer }) => layer)).toEqual([...agents.keys()].map(() => 'repository'))
    expect(await purserHere(['check', root])).toMatchObject({ code: 0, stdout: 'No problems.\n' })
    // The recorded run of the built-in one is asked for by the copy to the byte.
    const unconfined = bubblewrap ? [] : ['--no-sandbox']
    const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` }
    const replayed = await purser(['replay', join(RUNS, 'fix-ci.jsonl'), '--dir', root, ...unconfined], { env })
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^same: /) })
  })

  it('brings along nested workflows, delegates and skills, and works as before', () => {
    const agent = (name: string, more: string) =>
      `---\nname: ${name}\ndescription: Does its part\ntools: [read]\n${more}---\nWork.\n`
    const workflow = (name: string, step: string) =>
      `name: ${name}\nsummary: Does its part\nvalue: quality\nsteps:\n  - ${step}\ndeliver: none\ncap: { usd: 1 }\n`
    const builtIn = new Map([
      ['catalog/outer/workflow.yml', workflow('outer', '{ id: look, workflow: inner/short }')],
      ['catalog/inner/workflow.yml', workflow('inner', '{ id: read, agent: reader, prompt: read.md }')],
      ['catalog/inner/read.md', 'Read.\n'],
      ['catalog/inner/variants/short.yml', 'summary: Shorter\neffort: low\n'],
      ['catalog/other/workflow.yml', workflow('other', '{ id: read, run: "true" }')],
      ['catalog/agents/reader.agent.md', agent('reader', 'delegates: [helper]\n')],
      ['catalog/agents/helper.agent.md', agent('helper', 'skills: [notes]\n')],
      ['catalog/agents/idle.agent.md', agent('idle', '')],
      [
        'catalog/skills/notes/SKILL.md',
        '---\nname: notes\ndescription: How notes are written\n---\nSee [more](more.md).\n',
      ],
      ['catalog/skills/notes/more.md', 'More.\n'],
    ])
    const own = new Map([['portfolios.yml', declared[PORTFOLIOS].replace('refactor+tests, review', 'outer')]])
    const read = (files: ReadonlyMap<string, string>) => {
      const layers: Layer[] = [
        { name: 'built-in', root: 'purser', files: builtIn },
        { name: 'repository', root: '.github/purser', files },
      ]
      const loaded = loadConfiguration(layers, '2026-11-20')
      if (!('configuration' in loaded)) throw new Error(JSON.stringify(loaded.problems))
      return { layers, configuration: loaded.configuration, plan: planOf(loaded.configuration, 'outer') }
    }
    const before = read(own)
    const family = before.configuration.families.get('outer')
    const copied = family && copyFamily(before, before.configuration, family)
    if (copied === undefined || isRefusal(copied)) throw new Error('not copied')
    const kept = [...builtIn.keys()].filter((path) => !/other|idle/.test(path))
    expect([...copied.added.keys()].sort()).toEqual(kept.sort())
    expect(read(new Map([...own, ...copied.added])).plan).toEqual(before.plan)
  })

  it('is seen in the list, and names the schema that the repository’s files name', async () => {
    const root = workingCopy({ [PORTFOLIOS]: starterPortfolios('acme/purser@v1') })
    const { stdout } = await purser(['eject', 'changelog', '--json'], { cwd: root })
    expect(JSON.parse(stdout)).toEqual({
      written: ['agents/writer.agent.md', 'changelog/changelog.md', 'changelog/workflow.yml'].map(
        (path) => `${CATALOG}/${path}`,
      ),
      kept: [],
      next: expect.any(Array),
    })
    expect(readFileSync(join(root, CATALOG, 'changelog/workflow.yml'), 'utf8')).toContain(
      '$schema=https://raw.githubusercontent.com/acme/purser/v1/schemas/workflow.schema.json\n',
    )
    expect((await purserHere(['list'], { cwd: root })).stdout).toMatch(/^changelog\n.*\n.*Kept in this repository\.\n/m)
    const { workflows } = JSON.parse((await purserHere(['list', '--json'], { cwd: root })).stdout)
    expect(workflows).toContainEqual(expect.objectContaining({ name: 'changelog', layer: 'repository' }))
  })

  it('keeps a variant and an agent of the repository’s own, and tells whom a copied agent serves besides', async () => {
    const own = 'summary: Our way to begin with tests\n'
    const root = workingCopy({ ...declared, [`${CATALOG}/refactor+tests/variants/tests-first.yml`]: own })
    const before = plans(root)
    const { code, stdout } = await purserHere(['eject', 'refactor+tests'], { cwd: root })
    expect(code).toBe(0)
    expect(stdout).toContain(`kept  ${CATALOG}/refactor+tests/variants/tests-first.yml`)
    expect(stdout).toContain('The agent engineer is yours too now, also where fix-ci names it.')
    expect(readFileSync(join(root, `${CATALOG}/refactor+tests/variants/tests-first.yml`), 'utf8')).toBe(own)
    expect(plans(root)).toEqual(before)
  })

  it('refuses where a prompt of the repository would take the place of a built-in one', async () => {
    const root = workingCopy({
      ...declared,
      [`${CATALOG}/review/review.md`]: 'Ours.\n',
      [`${CATALOG}/review/variants/ours.yml`]: 'summary: Our own prompt\n',
    })
    const { code, stderr } = await purserHere(['eject', 'review'], { cwd: root })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('says something else') })
    expect(readdirSync(join(root, CATALOG, 'review')).sort()).toEqual(['review.md', 'variants'])
  })

  it('asks which portfolio pays where none does', async () => {
    const root = workingCopy(declared)
    const refused = await purserHere(['eject', 'fix-ci'], { cwd: root })
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('fix-ci serves speed') })
    expect(await purserHere(['eject', 'changelog'], { cwd: root })).toMatchObject({ code: 0 })
    expect(readFileSync(join(root, PORTFOLIOS), 'utf8')).toContain('[refactor+tests, review, changelog]')
    const paid = await purserHere(['eject', 'review', '--portfolio', 'other'], { cwd: root })
    expect(paid).toMatchObject({ code: 1, stderr: expect.stringContaining('paid by the portfolio `refactoring`') })
  })

  it('leaves the organisation’s to the organisation', async () => {
    const organisation = workingCopy({
      ...declared,
      [`${CATALOG}/review/workflow.yml`]: readFileSync(
        new URL('../../../catalog/review/workflow.yml', import.meta.url),
        'utf8',
      ),
      [`${CATALOG}/review/review.md`]: 'Review it our way.\n',
    })
    const root = workingCopy({ [PORTFOLIOS]: 'version: 1\ninherit: organisation\n' })
    const eject = (name: string) => purserHere(['eject', name, '--dir', root, '--organisation', organisation])
    const theirs = await eject('review')
    expect(theirs).toMatchObject({ code: 1, stderr: expect.stringContaining('is the organisation’s own already') })
    const unpaid = await eject('changelog')
    expect(unpaid).toMatchObject({ code: 1, stderr: expect.stringContaining('but by the organisation') })
    expect(await eject('refactor+tests')).toMatchObject({ code: 0 })
    const alone = await purserHere(['eject', 'refactor+tests', '--dir', root])
    expect(alone).toMatchObject({ code: 1, stderr: expect.stringContaining('--organisation') })
  })

  it.each([
    ['revew', 'Did you mean `review`?'],
    ['tidy', 'is this repository’s own already'],
  ])('refuses %s', async (name, says) => {
    const root = workingCopy(declared)
    await purserHere(['new', 'workflow', 'tidy'], { cwd: root })
    const { code, stderr } = await purserHere(['eject', name], { cwd: root })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(says) })
  })

  it('is wrong usage without a name, and refused where nothing is declared', async () => {
    expect(await purserHere(['eject'])).toMatchObject({ code: 2 })
    const root = folder()
    writeFileSync(join(root, 'a'), '')
    expect(await purserHere(['eject', 'review'], { cwd: root })).toMatchObject({ code: 1 })
    expect(readdirSync(root)).toEqual(['a'])
  })
})
