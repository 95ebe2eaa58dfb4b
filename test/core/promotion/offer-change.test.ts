/** What an offer adds to an organisation's layer, resolved there and compared. */
import { describe, expect, test } from 'vitest'
import { readBuiltInLayer } from '../../../catalog/built-in.ts'
import { offerChange } from '../../../core/promotion/offer-change.ts'
import { withFiles } from '../../../core/promotion/promotion-change.ts'
import { configurationOf, layer, PORTFOLIOS, TIDY, TODAY, tidyFiles } from '../config/layers.ts'

const SWIFT = 'summary: Swiftly\nsquad: payments\nsteps:\n  - { id: refactor, turns: 10, prompt: swift.md }\n'
const SWIFT_FILES = {
  'portfolios.yml': PORTFOLIOS,
  'catalog/refactor+tests/variants/swift.yml': SWIFT,
  'catalog/refactor+tests/swift.md': 'Be swift: ${{ inputs.goal }}\n',
}

function offered(theirs: Record<string, string>, ours: Record<string, string>, family: string, variant?: string) {
  const own = layer('repository', theirs)
  const repository = layer('repository', ours)
  const configuration = configurationOf(repository)
  const layers = [readBuiltInLayer(), repository]
  const change = offerChange(
    { layers: [readBuiltInLayer(), own], today: TODAY },
    { layers, configuration, family, variant },
  )
  return { change, configuration, after: 'files' in change ? configurationOf(withFiles(own, change.files)) : undefined }
}

const problem = (wanted: string) => ({ problem: expect.stringContaining(wanted) })

describe('a variant', () => {
  test('comes with its prompt and means the same over a standard of the organisation’s own', () => {
    const { change, configuration, after } = offered({}, SWIFT_FILES, 'refactor+tests', 'swift')
    expect('files' in change ? [...change.files.keys()] : change).toEqual([
      'catalog/refactor+tests/variants/swift.yml',
      'catalog/refactor+tests/swift.md',
    ])
    const meant = configuration.families.get('refactor+tests')?.variants.get('swift')?.workflow
    expect(after?.families.get('refactor+tests')?.variants.get('swift')?.workflow).toEqual(meant)
  })

  test('over another standard the overlay is written anew, so that it still means the same', () => {
    const theirs = { 'catalog/tidy/workflow.yml': TIDY.replace('usd: 1', 'usd: 2'), 'catalog/tidy/work.md': 'Do it\n' }
    const ours = tidyFiles({
      'catalog/tidy/variants/mild.yml': 'summary: Mildly\ncap: { usd: 0.5 }\n',
      'catalog/tidy/work.md': 'Do it\n',
    })
    const { change, configuration, after } = offered(theirs, ours, 'tidy', 'mild')
    expect(change).toHaveProperty('files')
    expect(after?.families.get('tidy')?.variants.get('mild')?.workflow).toEqual(
      configuration.families.get('tidy')?.variants.get('mild')?.workflow,
    )
  })

  test('is turned down where it can’t be the same there', () => {
    expect(offered(SWIFT_FILES, SWIFT_FILES, 'refactor+tests', 'swift').change).toEqual(
      problem('has a variant refactor+tests/swift already'),
    )
    expect(offered({}, SWIFT_FILES, 'refactor+tests', 'slow').change).toEqual(
      problem('no variant refactor+tests/slow here'),
    )
    const ours = tidyFiles({ 'catalog/tidy/variants/mild.yml': 'summary: Mildly\ncap: { usd: 0.5 }\n' })
    expect(offered({}, ours, 'tidy', 'mild').change).toEqual(problem('offer the workflow first'))
    const another = {
      'catalog/refactor+tests/variants/quick.yml': 'summary: Quick\nsteps:\n  - { id: refactor, prompt: swift.md }\n',
      'catalog/refactor+tests/swift.md': 'Another\n',
    }
    expect(offered(another, SWIFT_FILES, 'refactor+tests', 'swift').change).toEqual(problem('with another text'))
  })
})

describe('a workflow', () => {
  const AGENT = '---\nname: mover\ndescription: Moves\ntools: [read]\n---\n\nMove.\n'
  const OURS = tidyFiles({
    'catalog/tidy/workflow.yml': TIDY.replace('agent: engineer', 'agent: mover'),
    'catalog/agents/mover.agent.md': AGENT,
  })

  test('comes with its prompts and the agents that only the repository has, and without its variants', () => {
    const ours = { ...OURS, 'catalog/tidy/variants/mild.yml': 'summary: Mildly\ncap: { usd: 0.5 }\n' }
    const { change, after } = offered({}, ours, 'tidy')
    expect('files' in change ? [...change.files.keys()] : change).toEqual([
      'catalog/tidy/workflow.yml',
      'catalog/tidy/work.md',
      'catalog/agents/mover.agent.md',
    ])
    expect(after?.agents.get('mover')).toMatchObject({ description: 'Moves' })
  })

  test('is turned down where it is not the repository’s own, or the organisation has one or another agent', () => {
    expect(offered({}, OURS, 'review').change).toEqual(problem('not this repository’s own'))
    expect(offered(OURS, OURS, 'tidy').change).toEqual(problem('has a workflow tidy already'))
    const theirs = { 'catalog/agents/mover.agent.md': AGENT.replace('Move.', 'Stay.') }
    expect(offered(theirs, OURS, 'tidy').change).toEqual(problem('with another text'))
  })
})
