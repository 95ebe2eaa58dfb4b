/** A variant over its baseline: what the result is, and that problems name the variant's file. */
import { describe, expect, it } from 'vitest'
import { configurationOf, layer, problemsOf, TIDY, tidyFiles } from './layers.ts'

const VARIANT = '.github/purser/catalog/tidy/variants/v.yml'

function withVariant(text: string): Record<string, string> {
  return tidyFiles({ 'catalog/tidy/variants/v.yml': `summary: Another way\n${text}`, 'catalog/tidy/other.md': 'Other' })
}

function variant(text: string) {
  const family = configurationOf(layer('repository', withVariant(text))).families.get('tidy')
  const found = family?.variants.get('v')
  if (!found || !family) throw new Error('no such variant')
  return { ...found, baseline: family.baseline }
}

describe('an overlay', () => {
  it('keeps what it does not name and takes its own summary, source and squad', () => {
    const { workflow, baseline, source, overlay } = variant('cap: { usd: 0.5 }\n')
    expect(workflow).toEqual({ ...baseline, summary: 'Another way', cap: { usd: 500_000n } })
    expect(source).toBe('summary: Another way\ncap: { usd: 0.5 }\n')
    expect(overlay).toEqual({ summary: 'Another way', cap: { usd: 500_000n } })
  })

  it.each([
    ['changes one key of a step', '- { id: work, share: 40% }', ['look', 'work share=4000']],
    ['takes a key out', '- { id: work, until: { run: npm test } }', ['look', 'work until=3']],
    ['removes a step', '- { id: look, remove: true }\n  - { id: work, prompt: other.md }', ['work']],
    ['adds a step at the end', '- { id: more, run: npm run lint }', ['look', 'work', 'more']],
    ['adds a step before another', '- { id: more, run: npm run lint, before: work }', ['look', 'more', 'work']],
    ['adds a step after another', '- { id: more, run: npm run lint, after: look }', ['look', 'more', 'work']],
    ['moves a step', '- { id: look, after: work }\n  - { id: work, prompt: other.md }', ['work', 'look']],
    ['makes a step of the other kind', '- { id: work, run: npm run lint }', ['look', 'work']],
  ])('%s', (_, steps, expected) => {
    const { workflow } = variant(`steps:\n  ${steps}\n`)
    const shown = workflow.steps.map((step) => {
      if (!('agent' in step)) return step.id
      const share = step.share === undefined ? '' : ` share=${step.share}`
      return `${step.id}${share}${step.until ? ` until=${step.until.attempts}` : ''}`
    })
    expect(shown).toEqual(expected)
  })

  it('replaces a step that becomes one of the other kind whole', () => {
    const { workflow } = variant('steps:\n  - { id: work, run: npm run lint }\n')
    expect(workflow.steps[1]).toEqual({ id: 'work', run: 'npm run lint', 'on-failure': 'stop', 'timeout-minutes': 10 })
  })

  it('merges guards key by key and replaces lists', () => {
    const { workflow } = variant("guards:\n  paths: { deny: ['**/*.lock', 'docs/**'] }\n  diff: { files: 3 }\n")
    expect(workflow.guards).toEqual({
      paths: { deny: ['**/*.lock', 'docs/**'] },
      diff: { files: 3, lines: 100 },
      run: ['npm test'],
    })
  })

  it('leaves out what it names, of the workflow and of a step', () => {
    const { workflow } = variant(
      'without: [guards.run, guards.diff.lines]\nsteps:\n  - { id: look, without: [on-failure] }\n',
    )
    expect(workflow.guards).toEqual({ paths: { deny: ['**/*.lock'] }, diff: { files: 5 } })
    expect(workflow.steps[0]).toMatchObject({ id: 'look', 'on-failure': 'stop' })
  })

  it('can’t leave out what is not there', () => {
    expect(problemsOf(withVariant('without: [guard.run]\nsteps:\n  - { id: look, without: [until] }\n'))).toEqual([
      '.github/purser/catalog/tidy/variants/v.yml:2:11 without.0: the baseline has no guard.run to leave out; expected a key that it has, or keys joined by dots; for example guards.run',
      '.github/purser/catalog/tidy/variants/v.yml:4:27 steps.0.without.0: the baseline has no until to leave out; expected a key that it has, or keys joined by dots; for example guards.run',
    ])
  })

  it('finds a prompt beside the baseline and carries its text', () => {
    const { workflow, baseline } = variant('steps:\n  - { id: work, prompt: other.md }\n')
    expect(workflow.prompts).toEqual({ 'other.md': 'Other' })
    expect(Object.keys(baseline.prompts)).toEqual(['work.md'])
  })
})

describe('a variant that is wrong', () => {
  it.each([
    [
      'removes what is not there',
      'steps:\n  - { id: wrok, remove: true }\n',
      [`${VARIANT}:3:11 steps.0.id: there is no step "wrok" to remove; expected one of look, work; for example work`],
    ],
    [
      'changes what is not there',
      'steps:\n  - { id: wrok, prompt: other.md }\n',
      [
        `${VARIANT}:3:11 steps.0.id: there is no step "wrok" to change; expected one of look, work, or a new one with agent, run or workflow; for example work`,
      ],
    ],
    [
      'adds half a step',
      'steps:\n  - { id: more, agent: engineer }\n',
      [
        `${VARIANT}:3:5 steps.0.prompt: is missing; expected the agent’s task, in a file beside workflow.yml; for example prompt: refactor.md`,
      ],
    ],
    [
      'stands beside nothing',
      'steps:\n  - { id: more, run: npm test, before: wrok }\n',
      [
        `${VARIANT}:3:40 steps.0.before: there is no step "wrok" to stand beside; expected one of look, work; for example work`,
      ],
    ],
    [
      'takes a guard out',
      'guards: { run: null }\n',
      [
        `${VARIANT}:2:16 guards.run: is empty; expected a list (each entry text of at most 2000 characters); for example run: [npm test]`,
      ],
    ],
    [
      'names an unknown agent of its own',
      'steps:\n  - { id: work, agent: enginer }\n',
      [
        `${VARIANT}:3:24 steps.0.agent: there is no agent enginer; expected one of engineer, investigator, reviewer, writer, or catalog/agents/enginer.agent.md; for example agent: engineer`,
      ],
    ],
    [
      'removes a step whose output a prompt shows',
      'steps:\n  - { id: look, remove: true }\n',
      [
        `${VARIANT}:3:3 steps: \`\${{ steps.look.output }}\` names nothing that is known in work.md; expected one of inputs.goal, subject.repository, subject.number, subject.title, subject.text, subject.log, subject.files, subject.diff, subject.commits; for example \${{ inputs.goal }}`,
      ],
    ],
    [
      'changes what a variant may not change',
      'deliver: review\n',
      [
        `${VARIANT}:2:1 deliver: is no key of this mapping; expected one of summary, squad, without, model, effort, setup, when, steps, guards, approve, cap, timeout-minutes; for example summary: Refactor what this pull request touches`,
      ],
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsOf(withVariant(text))).toEqual(expected)
  })

  it('says what is wrong with the baseline once', () => {
    const files = { ...withVariant(''), 'catalog/tidy/workflow.yml': TIDY.replace('engineer', 'enginer') }
    expect(problemsOf(files).filter((line) => line.includes('enginer'))).toHaveLength(1)
  })

  it('is warned when it guards less, and when its squad is not declared', () => {
    const text =
      "squad: payments\nguards:\n  paths: { deny: [], allow: ['src/**'] }\n  diff: { files: 50 }\n  run: [npm run lint]\n"
    expect(problemsOf(withVariant(text)).map((line) => line.split('; ')[0])).toEqual([
      `${VARIANT}:2:8 squad: warning: there is no squad payments, so nobody gets the credit`,
      `${VARIANT}:4:18 guards.paths.deny: warning: the variant guards less than its baseline: it no longer has \`**/*.lock\``,
      `${VARIANT}:5:18 guards.diff.files: warning: the variant guards less than its baseline: it allows 50 files instead of 5`,
      `${VARIANT}:6:8 guards.run: warning: the variant guards less than its baseline: it no longer has \`npm test\``,
    ])
    const asking = { ...withVariant('approve: false'), 'catalog/tidy/workflow.yml': `${TIDY}approve: true\n` }
    expect(problemsOf(asking).map((line) => line.split('; ')[0])).toEqual([
      `${VARIANT}:2:10 approve: warning: the variant guards less than its baseline: it waits for nobody’s approval`,
    ])
  })
})
