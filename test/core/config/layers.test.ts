/** Built-in, organisation, repository: what replaces what, and what merges. */
import { describe, expect, it } from 'vitest'
import { readBuiltInLayer } from '../../../catalog/built-in.ts'
import type { Layer } from '../../../core/config/configuration.ts'
import { loadConfiguration } from '../../../core/config/load.ts'
import { formatProblem } from '../../../core/config/problem.ts'
import { inheritanceOf, inheritsOrganisation } from '../../../core/config/settings.ts'
import { sharesOf } from '../../../core/plan/assignment.ts'
import { configurationOf, layer, load, PORTFOLIOS, TIDY, TODAY, tidyFiles } from './layers.ts'

const INHERITING = `version: 1
inherit: organisation
portfolios:
  tidying: { purpose: Tidy code, value: quality, workflows: [tidy], budget: { usd: 5, per: week } }
`

function messages(...layers: readonly Layer[]): string[] {
  const loaded = load(...layers)
  return 'problems' in loaded ? loaded.problems.map(formatProblem) : []
}

describe('the built-in catalog', () => {
  it('has no problem, not even a warning', () => {
    const loaded = loadConfiguration([readBuiltInLayer()], TODAY)
    expect('problems' in loaded ? loaded.problems : loaded.configuration.warnings).toEqual([])
  })

  it('is not declared, and offers nothing by itself', () => {
    const configuration = configurationOf()
    expect(configuration.declared).toBe(false)
    expect(configuration.portfolios.portfolios).toEqual({})
    expect([...configuration.families.keys()]).toContain('refactor+tests')
  })
})

describe('a repository over the built-in catalog', () => {
  it('adds variants to a built-in workflow without repeating it', () => {
    const repository = layer('repository', {
      'portfolios.yml': PORTFOLIOS,
      'catalog/review/variants/deep.yml': 'summary: Look deeper\nsteps:\n  - { id: review, prompt: deep.md }\n',
      'catalog/review/deep.md': 'Look deeper at ${{ inputs.focus }}',
    })
    const family = configurationOf(repository).families.get('review')
    expect(family).toMatchObject({ layer: 'built-in', file: 'purser/catalog/review/workflow.yml' })
    expect(family?.variants.get('deep')).toMatchObject({
      layer: 'repository',
      file: '.github/purser/catalog/review/variants/deep.yml',
    })
    expect(family?.variants.get('deep')?.workflow.prompts).toEqual({ 'deep.md': 'Look deeper at ${{ inputs.focus }}' })
  })

  it('replaces a workflow of the same name with all its variants', () => {
    const repository = layer('repository', {
      'portfolios.yml': PORTFOLIOS,
      'catalog/refactor+tests/workflow.yml': TIDY.replace('name: tidy', 'name: refactor+tests'),
      'catalog/refactor+tests/work.md': 'Do it',
    })
    const family = configurationOf(repository).families.get('refactor+tests')
    expect(family?.layer).toBe('repository')
    expect(family?.file).toBe('.github/purser/catalog/refactor+tests/workflow.yml')
    expect([...(family?.variants.keys() ?? [])]).toEqual([])
  })

  it('replaces an agent of the same name', () => {
    const agent = '---\nname: engineer\ndescription: Ours\ntools: [read]\n---\n\nOurs.\n'
    const repository = layer('repository', { 'portfolios.yml': PORTFOLIOS, 'catalog/agents/engineer.agent.md': agent })
    const { systemText, layer: from, tools } = configurationOf(repository).agents.get('engineer') ?? {}
    expect({ systemText, from, tools }).toEqual({ systemText: 'Ours.', from: 'repository', tools: ['read'] })
  })

  it('takes tokens with underscores, as text and as a number', () => {
    const grant = (tokens: string) =>
      layer('repository', {
        'portfolios.yml': `${PORTFOLIOS}exploration:
  sprint: { days: 14, from: 2026-11-02 }
  every-squad: { tokens: ${tokens} }
  squads: { web: { paths: ['web/**'] } }
`,
      })
    for (const written of ['2_000_000', '2000000', '"2_000_000"']) {
      expect(configurationOf(grant(written)).portfolios.exploration?.['every-squad']).toEqual({ tokens: 2_000_000 })
    }
    for (const written of ['2_00', '_2', '2__000', '1.5', '0', '-1', 'many']) {
      expect(messages(grant(written)), written).toHaveLength(1)
    }
  })
})

describe('an organisation below a repository', () => {
  const organisation = layer('organisation', {
    'portfolios.yml': PORTFOLIOS.replace(
      'version: 1',
      'version: 1\nwithout-app: refuse\nmodels: { default: gpt-5.2, prices: { mine: { input: 1, output: 2 } } }',
    ),
    'promotion.yml': 'promote: { runs: 20, accepted: 90% }\n',
  })
  const files = tidyFiles({ 'portfolios.yml': INHERITING, 'promotion.yml': 'promote: { runs: 12 }\n' })

  it('lends what the repository does not say, by name', () => {
    const { portfolios, promotion } = configurationOf(organisation, layer('repository', files))
    expect(Object.keys(portfolios.portfolios)).toEqual(['refactoring', 'tidying'])
    expect(portfolios['without-app']).toBe('refuse')
    expect(portfolios.models.default).toBe('gpt-5.2')
    expect(promotion.promote).toMatchObject({ runs: 12, accepted: 9000, subjects: 5 })
  })

  it('merges prices and squads by name, and replaces a portfolio whole', () => {
    const text = `${INHERITING}  refactoring: { purpose: Ours, value: quality, workflows: [review], budget: { usd: 1, per: week }, cap: { usd: 1 } }
models: { prices: { ours: { input: 3, output: 4 } } }
`
    const { portfolios } = configurationOf(organisation, layer('repository', { ...files, 'portfolios.yml': text }))
    expect(Object.keys(portfolios.models.prices)).toEqual(['mine', 'ours'])
    expect(portfolios.models.default).toBe('gpt-5.2')
    expect(portfolios.portfolios.refactoring).toEqual({
      purpose: 'Ours',
      value: 'quality',
      workflows: ['review'],
      budget: { usd: 1_000_000n, per: 'week' },
      cap: { usd: 1_000_000n },
      overrides: {},
      enforce: 'cap',
    })
  })

  it('assigns its variants by share wherever its portfolio is inherited', () => {
    const trying = layer('organisation', {
      'portfolios.yml': `${PORTFOLIOS}    trials: { refactor+tests/tests-first: 20% }\n`,
    })
    const shares = (text: string) =>
      sharesOf(
        configurationOf(trying, layer('repository', { ...files, 'portfolios.yml': text })).portfolios,
        'refactor+tests',
      )
    expect(shares(INHERITING)).toEqual([{ variant: 'tests-first', share: 2000 }])
    const own = `${INHERITING}  refactoring: { purpose: Ours, value: quality, workflows: [refactor+tests], budget: { usd: 1, per: week } }\n`
    expect(shares(own)).toEqual([])
  })

  it('may add a workflow without breaking who inherits it: one that is in no portfolio is not on offer', () => {
    const adding = layer('organisation', {
      'portfolios.yml': PORTFOLIOS,
      'catalog/neat/workflow.yml': TIDY.replace('name: tidy', 'name: neat'),
      'catalog/neat/work.md': 'Do it',
    })
    expect(messages(adding, layer('repository', files)).filter((message) => message.includes('neat'))).toEqual([])
  })

  it('counts only where it is inherited', () => {
    const { portfolios } = configurationOf(organisation, layer('repository', { 'portfolios.yml': PORTFOLIOS }))
    expect(portfolios['without-app']).toBe('caps')
  })

  it('must be valid by itself, and its problems name its file', () => {
    const broken = layer('organisation', { 'portfolios.yml': 'version: 2\n' })
    expect(messages(broken, layer('repository', files))).toEqual([
      'org: .github/purser/portfolios.yml:1:10 version: is 2; expected 1; for example version: 1',
    ])
  })

  it('names the file that a problem is in', () => {
    const repository = layer('repository', { ...files, 'portfolios.yml': INHERITING.replace('quality', 'qualty') })
    expect(messages(organisation, repository)).toEqual([
      '.github/purser/portfolios.yml:4:41 portfolios.tidying.value: there is no value qualty; expected one of quality; for example value: quality',
    ])
    const unknown = layer('organisation', { 'portfolios.yml': PORTFOLIOS.replace('review]', 'reveiw]') })
    expect(messages(unknown, layer('repository', files))[0]).toMatch(
      /^org: \.github\/purser\/portfolios\.yml:8:33 portfolios\.refactoring\.workflows\.1: there is no workflow reveiw;/,
    )
  })
})

describe('whether a repository inherits', () => {
  it.each([
    ['version: 1\ninherit: organisation\n', true],
    ['version: 1\ninherit: none\n', false],
    ['version: 1\n', false],
    ['inherit: [organisation', false],
    ['- inherit: organisation', false],
    [undefined, false],
  ])('%j', (text, expected) => {
    expect(inheritsOrganisation(layer('repository', text === undefined ? {} : { 'portfolios.yml': text }))).toBe(
      expected,
    )
  })
})

describe('a pin', () => {
  const commitSha = 'c0ffee'.repeat(7).slice(0, 40)
  const pinned = (inherit: string) => layer('repository', { 'portfolios.yml': `${PORTFOLIOS}inherit: ${inherit}\n` })

  it('is a whole commit of the organisation', () => {
    expect(inheritanceOf(pinned(`organisation@${commitSha}`))).toEqual({ commitSha })
    expect(inheritanceOf(pinned('organisation'))).toEqual({})
    expect(inheritanceOf(pinned('none'))).toBeUndefined()
    expect(configurationOf(layer('organisation', {}), pinned(`organisation@${commitSha}`)).portfolios.inherit).toBe(
      `organisation@${commitSha}`,
    )
  })

  it.each(['organisation@main', `organisation@${commitSha.slice(0, 12)}`, `none@${commitSha}`])(
    'is nothing else: %s',
    (inherit) => {
      expect(inheritanceOf(pinned(inherit))).toBeUndefined()
      expect(messages(pinned(inherit))[0]).toContain(
        'is not organisation, organisation@<commit> or none; expected one of these, the commit with all its 40 digits',
      )
    },
  )
})
