/** What a decision changes in the files: resolved before and after, so that nothing else changes by it. */
import { describe, expect, test } from 'vitest'
import { readBuiltInLayer } from '../../../catalog/built-in.ts'
import type { Layer } from '../../../core/config/configuration.ts'
import {
  type CatalogChange,
  changeBaseline,
  type NotPossible,
  type Promoting,
  withFiles,
  withoutVariant,
} from '../../../core/promotion/promotion-change.ts'
import { configurationOf, layer, PORTFOLIOS, TIDY, TODAY, tidyFiles } from '../config/layers.ts'

const CREDIT = [{ squad: 'payments', variant: 'tests-first', since: TODAY }]

function changed(change: CatalogChange | NotPossible): CatalogChange {
  if ('problem' in change) throw new Error(change.problem)
  return change
}

/** The family before and after, and the texts of the files that change. */
function promoted(own: Layer, order: Promoting, change = changeBaseline) {
  const layers = [readBuiltInLayer(), own]
  const done = changed(change({ layers, today: TODAY }, order))
  const after = withFiles(own, done.files)
  const familyOf = (repository: Layer) => {
    const family = configurationOf(repository).families.get(order.family)
    if (!family) throw new Error('no such family')
    return family
  }
  return { done, after, before: familyOf(own), now: familyOf(after), files: [...done.files] }
}

const builtIn = layer('repository', { 'portfolios.yml': PORTFOLIOS })
const order = { family: 'refactor+tests', variant: 'tests-first', keepAs: 'before-tests-first', credit: CREDIT }

describe('a built-in family', () => {
  const { done, before, now } = promoted(builtIn, order)

  test('is copied into the repository’s layer, with the prompts that it names', () => {
    expect(done.ejected).toBe(true)
    expect([...done.files.keys()].sort()).toEqual(
      [
        'one-pass.md',
        'pin.md',
        'refactor.md',
        'tests.md',
        'variants/before-tests-first.yml',
        'variants/one-pass.yml',
        'workflow.yml',
      ].map((file) => `catalog/refactor+tests/${file}`),
    )
    expect(done.files.get('catalog/refactor+tests/workflow.yml')).not.toContain('yaml-language-server')
  })

  test('has the variant as its baseline, with credit and without any other difference', () => {
    expect(now.layer).toBe('repository')
    expect(now.baseline).toEqual({ ...before.variants.get('tests-first')?.workflow, credit: CREDIT })
    expect(now.variants.has('tests-first')).toBe(false)
  })

  test('keeps the old baseline exactly, as a variant', () => {
    expect(now.variants.get('before-tests-first')?.workflow).toEqual(before.baseline)
  })

  test('keeps its other variants as they were, although their overlays lie over another baseline now', () => {
    expect(now.variants.get('one-pass')?.workflow).toEqual(before.variants.get('one-pass')?.workflow)
    expect(done.rewritten).toEqual(['one-pass'])
  })

  test('keeps the comments of the file it is made from', () => {
    expect(done.files.get('catalog/refactor+tests/workflow.yml')).toContain('# What the tests say before anything')
  })

  test('goes back to where it was by promoting the old baseline', () => {
    const layers = [readBuiltInLayer(), withFiles(builtIn, done.files)]
    const back = changed(
      changeBaseline(
        { layers, today: TODAY },
        { ...order, variant: 'before-tests-first', keepAs: 'tests-first', keepSquad: 'payments', credit: [] },
      ),
    )
    const again = configurationOf(withFiles(withFiles(builtIn, done.files), back.files)).families.get('refactor+tests')
    expect(again?.baseline).toEqual(before.baseline)
    expect(again?.variants.get('tests-first')?.workflow).toEqual(before.variants.get('tests-first')?.workflow)
    expect(again?.variants.get('tests-first')?.overlay.squad).toBe('payments')
    expect([...(again?.variants.keys() ?? [])].sort()).toEqual(['one-pass', 'tests-first'])
  })
})

describe('a family of the repository’s own', () => {
  const own = (files: Record<string, string>) => layer('repository', tidyFiles(files))
  const order = { family: 'tidy', variant: 'v', keepAs: 'before-v', credit: [] }

  test('loses what only the variant left out, and gets it back with the old baseline', () => {
    const { before, now } = promoted(
      own({ 'catalog/tidy/variants/v.yml': 'summary: Bare\nwithout: [guards.run, guards.diff.lines]\n' }),
      order,
    )
    expect(now.baseline.guards).toEqual({ paths: { deny: ['**/*.lock'] }, diff: { files: 5 } })
    expect(now.variants.get('before-v')?.workflow).toEqual(before.baseline)
  })

  test.each([
    ['a setup and a model that the old baseline has not', 'setup: { run: npm ci }\nmodel: gpt-5.2\neffort: high\n'],
    [
      'steps in another order',
      'steps:\n  - { id: look, after: work }\n  - { id: more, run: npm test, before: work }\n',
    ],
    ['a step of the other kind', 'steps:\n  - { id: work, run: npm run lint }\n'],
    ['a step that goes', 'steps:\n  - { id: look, remove: true }\n  - { id: work, prompt: other.md, share: 50% }\n'],
    ['a dearer cap', 'cap: { usd: 4, tokens: 1_000_000 }\n'],
  ])('%s', (_, text) => {
    const files = {
      'catalog/tidy/variants/v.yml': `summary: Another way\n${text}`,
      'catalog/tidy/other.md': 'Other',
      'catalog/tidy/work.md': 'Do ${{ inputs.goal }}\n',
    }
    const { before, now, done } = promoted(own(files), order)
    expect(now.baseline).toEqual(before.variants.get('v')?.workflow)
    expect(now.variants.get('before-v')?.workflow).toEqual(before.baseline)
    expect(done.ejected).toBe(false)
    expect(done.files.has('catalog/tidy/variants/v.yml')).toBe(true)
    expect(done.files.get('catalog/tidy/variants/v.yml')).toBeUndefined()
  })

  test('takes the cap that is proposed for it', () => {
    const { now } = promoted(own({ 'catalog/tidy/variants/v.yml': 'summary: Dearer\ncap: { usd: 3 }\n' }), {
      ...order,
      capMicroUsd: 1_230_000n,
    })
    expect(now.baseline.cap).toEqual({ usd: 1_230_000n })
    expect(now.variants.get('before-v')?.workflow.cap).toEqual({ usd: 1_000_000n })
  })

  test('a prompt with two texts is left to a person', () => {
    const files = {
      'portfolios.yml': PORTFOLIOS,
      'catalog/refactor+tests/variants/v.yml': 'summary: Other words\nsteps:\n  - { id: tests, share: 50% }\n',
      'catalog/refactor+tests/tests.md': 'Another text\n',
    }
    const layers = [readBuiltInLayer(), layer('repository', files)]
    const change = changeBaseline({ layers, today: TODAY }, { ...order, family: 'refactor+tests' })
    expect(change).toMatchObject({ problem: expect.stringContaining('tests.md has two texts') })
  })

  test('what is not there any more is said', () => {
    const layers = [readBuiltInLayer(), own({})]
    expect(changeBaseline({ layers, today: TODAY }, order)).toEqual({ problem: 'There is no variant tidy/v any more.' })
    expect(withoutVariant({ layers, today: TODAY }, { family: 'gone', variant: 'v' })).toEqual({
      problem: 'There is no workflow gone any more.',
    })
  })
})

describe('a sunset', () => {
  test('takes the overlay away, with the prompts that nothing else names', () => {
    const files = tidyFiles({
      'catalog/tidy/workflow.yml': TIDY,
      'catalog/tidy/variants/v.yml': 'summary: Other\nsteps:\n  - { id: work, prompt: other.md }\n',
      'catalog/tidy/other.md': 'Other\n',
    })
    const layers = [readBuiltInLayer(), layer('repository', files)]
    const { files: gone, ejected } = changed(withoutVariant({ layers, today: TODAY }, { family: 'tidy', variant: 'v' }))
    expect([...gone]).toEqual([
      ['catalog/tidy/variants/v.yml', undefined],
      ['catalog/tidy/other.md', undefined],
    ])
    expect(ejected).toBe(false)
  })

  test('of a built-in variant copies the family without it', () => {
    const layers = [readBuiltInLayer(), builtIn]
    const { files, ejected } = changed(
      withoutVariant({ layers, today: TODAY }, { family: 'refactor+tests', variant: 'one-pass' }),
    )
    expect(ejected).toBe(true)
    const now = configurationOf(withFiles(builtIn, files)).families.get('refactor+tests')
    expect([...(now?.variants.keys() ?? [])]).toEqual(['tests-first'])
  })
})
