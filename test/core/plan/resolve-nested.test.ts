/** A workflow whose steps are workflows: what its plan has, and what is wrong with one that can't be resolved. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readKeptPrices } from '../../../catalog/built-in.ts'
import { planSchema, type Subject } from '../../../core/plan/plan.ts'
import { resolveRun } from '../../../core/plan/resolve.ts'
import { isRefusal } from '../../../core/reason.ts'
import { configurationOf, layer, problemsOf, TIDY, tidyFiles } from '../config/layers.ts'

const prices = readKeptPrices()
const pull: Subject = { kind: 'pull-request', repository: 'acme/shop', number: 7, headSha: 'a'.repeat(40) }
const FLOW = '.github/purser/catalog/tidy/workflow.yml'

const LOOK = `name: look
summary: Look at what was done
value: quality
access: maintain
model: gpt-5.2
inputs:
  about: { type: string, default: everything, max-length: 50 }
  depth: { type: choice, options: [quick, deep], default: quick }
setup: { run: npm ci, network: [registry] }
when: { equals: { inputs.depth: deep } }
steps:
  - { id: read, agent: reviewer, prompt: look.md, share: 50% }
  - { id: check, run: 'test -n "\${{ inputs.about }}"' }
guards: { diff: { files: 1 } }
deliver: none
cap: { usd: 0.30 }
`

/** `tidy` with `look` among its steps. */
function nesting(step: string, look = LOOK, more: Record<string, string> = {}): Record<string, string> {
  return tidyFiles({
    'catalog/tidy/workflow.yml': TIDY.replace('deliver: commit', `  ${step}\ndeliver: commit`),
    'catalog/look/workflow.yml': look,
    'catalog/look/look.md': 'Read ${{ inputs.about }}',
    ...more,
  })
}

function resolved(step: string, look = LOOK, more: Record<string, string> = {}) {
  const configuration = configurationOf(layer('repository', nesting(step, look, more)))
  const request = { workflow: 'tidy', inputs: { goal: 'Be tidy' }, overrides: {} }
  const found = resolveRun(configuration, request, pull, prices, new Date('2026-11-20T12:00:00Z'))
  if (isRefusal(found)) throw new Error(found.message)
  return found
}

describe('a nested workflow', () => {
  it('has its steps in the plan, with what it declares beside them', () => {
    const { plan, access } = resolved('- { id: after, workflow: look, inputs: { depth: deep }, share: 40% }')
    expect(plan.steps.map(({ id, in: key }) => [id, key])).toEqual([
      ['look', undefined],
      ['work', undefined],
      ['after/read', 'after'],
      ['after/check', 'after'],
    ])
    expect(plan.steps[2]).toMatchObject({
      agent: 'after/reviewer',
      share: 2000,
      promptText: 'Read ${{ inputs.about }}',
    })
    expect(plan.agents).toMatchObject({ engineer: { model: 'gpt-5-mini' }, 'after/reviewer': { model: 'gpt-5.2' } })
    expect(Object.keys(plan.prices).sort()).toEqual(['gpt-5-mini', 'gpt-5.2'])
    expect(plan.nested).toEqual({
      after: {
        workflow: 'look',
        inputs: { about: 'everything', depth: 'deep' },
        said: {},
        precondition: { equals: { 'inputs.depth': 'deep' }, 'timeout-minutes': 10 },
        share: 4000,
        capMicroUsd: 300_000n,
        setup: { run: 'npm ci', network: ['registry'], 'timeout-minutes': 10 },
        guards: { diff: { files: 1 } },
      },
    })
    expect({ access, capMicroUsd: plan.capMicroUsd, deliver: plan.deliver }).toEqual({
      access: 'maintain',
      capMicroUsd: 1_000_000n,
      deliver: 'commit',
    })
    expect(z.decode(planSchema, JSON.parse(JSON.stringify(z.encode(planSchema, plan))))).toEqual(plan)
  })

  it.each([
    ['inputs: { about: "${{ inputs.goal }}" }', { about: 'Be tidy' }, {}],
    ['inputs: { about: "As to ${{ inputs.goal }}" }', { about: 'As to Be tidy' }, {}],
    ['inputs: { about: "${{ steps.look.output }}" }', {}, { about: { step: 'look', charactersMax: 50 } }],
  ])('is given %s', (inputs, values, said) => {
    const { nested } = resolved(`- { id: after, workflow: look, ${inputs} }`).plan
    expect(nested?.after).toMatchObject({ inputs: { depth: 'quick', ...values }, said })
  })

  it('hands an input on that a step gives', () => {
    const outer = LOOK.replace('name: look', 'name: outer').replace(
      /steps:[\s\S]*guards/,
      'steps:\n  - { id: deep, workflow: look, inputs: { about: "${{ inputs.about }}" } }\nguards',
    )
    const step = '- { id: after, workflow: outer, inputs: { about: "${{ steps.look.output }}" } }'
    const { nested, steps } = resolved(step, LOOK, { 'catalog/outer/workflow.yml': outer }).plan
    expect(nested?.['after/deep']).toMatchObject({ in: 'after', said: { about: { step: 'look', charactersMax: 50 } } })
    expect(steps.at(-1)).toMatchObject({ id: 'after/deep/check', in: 'after/deep' })
  })

  it('shares an agent that is the same in both', () => {
    const look = LOOK.replace('model: gpt-5.2\n', '').replace('reviewer', 'engineer')
    const { agents, steps } = resolved('- { id: after, workflow: look }', look).plan
    expect(Object.keys(agents)).toEqual(['engineer'])
    expect(steps[2]).toMatchObject({ agent: 'engineer' })
  })

  it('may be a variant', () => {
    const more = { 'catalog/look/variants/deep.yml': 'summary: Deeper\ncap: { usd: 0.2 }\n' }
    const { nested } = resolved('- { id: after, workflow: look/deep }', LOOK, more).plan
    expect(nested?.after).toMatchObject({ workflow: 'look', variant: 'deep', capMicroUsd: 200_000n })
  })

  it('needs no portfolio of its own', () => {
    expect(problemsOf(nesting('- { id: after, workflow: look }'))).toEqual([])
  })
})

const RUNS = LOOK.replace('test -n "${{ inputs.about }}"', '${{ inputs.about }}')

describe('a nested workflow that is wrong', () => {
  it.each([
    ['is not there', '- { id: after, workflow: loook }', LOOK, /^there is no workflow loook; .* workflow: look$/],
    [
      'has no such variant',
      '- { id: after, workflow: look/deep }',
      LOOK,
      /^there is no workflow look\/deep; expected look,/,
    ],
    ['is itself', '- { id: after, workflow: tidy }', LOOK, /^workflows that are steps of each other: tidy > tidy;/],
    [
      'leads back',
      '- { id: after, workflow: look }',
      LOOK.replace('{ id: read, agent: reviewer, prompt: look.md, share: 50% }', '{ id: back, workflow: tidy }'),
      /^workflows that are steps of each other: (tidy > look > tidy|look > tidy > look);/,
    ],
    [
      'works on less',
      '- { id: after, workflow: look }',
      LOOK.replace('access:', 'on: [push]\naccess:'),
      /^look does not work on pull-request, and this workflow does; expected what both work on, or another workflow;/,
    ],
    [
      'takes no such input',
      '- { id: after, workflow: look, inputs: { abuot: x } }',
      LOOK,
      /^look has no input abuot; expected one of about, depth; for example about$/,
    ],
    [
      'lacks an input',
      '- { id: after, workflow: look }',
      LOOK.replace('default: everything, ', ''),
      /^look needs the input about;/,
    ],
    [
      'is given what nobody said',
      '- { id: after, workflow: look, inputs: { about: "${{ steps.later.output }}" } }',
      LOOK,
      /names nothing that is known here; expected one of inputs.goal, steps.look.output, steps.work.output;/,
    ],
    [
      'is given an output beside words',
      '- { id: after, workflow: look, inputs: { about: "see ${{ steps.look.output }}" } }',
      LOOK,
      /^a step’s output stands beside other text;/,
    ],
    [
      'is given an output for a choice',
      '- { id: after, workflow: look, inputs: { depth: "${{ steps.look.output }}" } }',
      LOOK,
      /^what a step says is text, and depth is no text;/,
    ],
    [
      'would run what a step says',
      '- { id: after, workflow: look, inputs: { about: "${{ steps.look.output }}" } }',
      RUNS,
      /^what a step says is never run as a command: `\$\{\{ inputs.about \}\}` is one;/,
    ],
  ])('%s', (_, step, look, problem) => {
    const found = problemsOf(nesting(step, look)).map((line) => /^(\S+) \S+ (.*)$/.exec(line)?.slice(1) ?? [line])
    expect(found.map(([, said]) => said).filter((said) => problem.test(said ?? ''))).not.toEqual([])
    expect(found.every(([place]) => place?.includes('/workflow.yml:'))).toBe(true)
  })

  it('lies too deep', () => {
    const levels = Array.from({ length: 5 }, (_, level) => [
      `catalog/l${level}/workflow.yml`,
      LOOK.replace('name: look', `name: l${level}`).replace(
        /steps:[\s\S]*guards/,
        `steps:\n  - { id: deeper, workflow: ${level === 4 ? 'look' : `l${level + 1}`} }\nguards`,
      ),
    ])
    const found = problemsOf(nesting('- { id: after, workflow: l2 }', LOOK, Object.fromEntries(levels)))
    // From `l0` and `l1`, below which `l2`, `l3`, `l4` and `look` lie, and from `tidy`.
    expect(found.filter((line) => line.includes('workflows lie 4 deep within each other'))).toHaveLength(3)
    expect(found.join('\n')).toContain(
      `${FLOW}:9:28 steps.2.workflow: workflows lie 4 deep within each other from here`,
    )
  })
})

describe('a condition', () => {
  const when = (text: string) =>
    problemsOf(tidyFiles({ 'catalog/tidy/workflow.yml': TIDY.replace('work.md }', `work.md, when: ${text} }`) }))

  it.each([
    ['{ equals: { steps.look.result: failed, inputs.goal: [a, b] }, unless: { subject.kind: issue } }'],
    ["{ changed: ['src/**'], run: 'test -n \"${{ inputs.goal }}\"' }"],
  ])('may be %s', (text) => expect(when(text)).toEqual([]))

  it.each([
    ['{ timeout-minutes: 3 }', /a condition that says nothing; expected equals, unless, changed or run/],
    [
      '{ equals: { steps.look.result: broken } }',
      /steps.look.result is never "broken"; expected one of passed, failed, skipped/,
    ],
    ['{ equals: { steps.work.result: failed } }', /steps.work.result is nothing that is known when this is decided/],
    ['{ equals: { goal: x } }', /not a value’s name; expected an input/],
    ['{ unless: { subject.kind: pull } }', /subject.kind is never "pull"; .* for example subject.kind: pull-request/],
    ["{ changed: ['/src'] }", /begins with \/, and no path does/],
    [
      "{ run: 'test ${{ steps.look.output }}' }",
      /names nothing that is known in a command; expected one of inputs.goal/,
    ],
  ])('may not be %s', (text, problem) => {
    const [first, ...more] = when(text)
    expect(first).toMatch(problem)
    expect(more).toEqual([])
  })

  it('of a run speaks of no step', () => {
    const files = tidyFiles({
      'catalog/tidy/workflow.yml': `when: { unless: { steps.look.result: passed } }\n${TIDY}`,
    })
    expect(problemsOf(files)[0]).toContain('when.unless.steps.look.result: steps.look.result is nothing that is known')
  })
})

describe('a structured output', () => {
  const output = (text: string, prompt = 'Do it') =>
    problemsOf(
      tidyFiles({
        'catalog/tidy/workflow.yml': TIDY.replace(
          'work.md }',
          `work.md, output: ${text} }\n  - { id: mend, agent: engineer, prompt: mend.md }`,
        ),
        'catalog/tidy/mend.md': prompt,
      }),
    )
  const cause = '{ type: object, properties: { cause: { type: string } } }'

  it('has fields that later prompts may name', () => {
    expect(output(cause, 'Mend ${{ steps.work.output.cause }}')).toEqual([])
    expect(output(cause, 'Mend ${{ steps.work.output.reason }}')[0]).toContain(
      '`${{ steps.work.output.reason }}` names nothing that is known in mend.md',
    )
  })

  it.each(['{ type: array }', '{ type: object }', '{ type: object, properties: { a-b: {} } }'])('is not %s', (text) => {
    expect(output(text)[0]).toContain('not the schema of an object; expected type: object with properties')
  })
})

const LEAD = (delegates: string) =>
  `---\nname: lead\ndescription: Leads the work\ndelegates: [${delegates}]\n---\nYou lead.\n`

describe('an agent that delegates', () => {
  const led = LOOK.replace('agent: reviewer', 'agent: lead')

  it('brings its delegates into the plan, under the keys of its workflow', () => {
    const more = { 'catalog/agents/lead.agent.md': LEAD('investigator, engineer') }
    const { agents } = resolved('- { id: after, workflow: look }', led, more).plan
    expect(agents['after/lead']).toMatchObject({ name: 'lead', delegates: ['after/investigator', 'after/engineer'] })
    expect(agents['after/investigator']).toMatchObject({ name: 'investigator', model: 'gpt-5.2' })
  })

  it('names an agent that is the same in both by one key', () => {
    const more = { 'catalog/agents/lead.agent.md': LEAD('engineer') }
    const { agents } = resolved('- { id: after, workflow: look }', led.replace('model: gpt-5.2\n', ''), more).plan
    expect(Object.keys(agents)).toEqual(['engineer', 'after/lead'])
    expect(agents['after/lead']?.delegates).toEqual(['engineer'])
  })

  it.each([
    ['itself', 'lead', /an agent can’t delegate to itself; expected one of/],
    ['nobody', 'investigtor', /there is no agent investigtor; .* for example investigator/],
  ])('can’t delegate to %s', (_, delegates, problem) => {
    const more = { 'catalog/agents/lead.agent.md': LEAD(delegates) }
    expect(problemsOf(nesting('- { id: after, workflow: look }', led, more))).toEqual([expect.stringMatching(problem)])
  })
})

describe('a skill', () => {
  const led = LOOK.replace('agent: reviewer', 'agent: lead')
  const agent = '---\nname: lead\ndescription: Leads the work\nskills: [notes]\n---\nYou lead.\n'
  const SKILL = 'catalog/skills/notes/SKILL.md'
  const main = '---\nname: notes\ndescription: How notes are written\nlicense: MIT\n---\nSee style.md.\n'
  const step = '- { id: after, workflow: look }'

  it('travels in the plan with all its texts', () => {
    const more = { 'catalog/agents/lead.agent.md': agent, [SKILL]: main, 'catalog/skills/notes/style.md': 'Short.' }
    expect(resolved(step, led, more).plan.agents['after/lead']?.skills).toEqual([
      {
        name: 'notes',
        description: 'How notes are written',
        files: { 'SKILL.md': 'See style.md.', 'style.md': 'Short.' },
      },
    ])
  })

  it.each([
    ['is not there', {}, /there is no skill notes; expected catalog\/skills\/notes\/SKILL.md/],
    ['lacks its file', { 'catalog/skills/notes/style.md': 'x' }, /the skill notes has no SKILL.md/],
    ['has another name', { [SKILL]: main.replace('name: notes', 'name: other') }, /differs from its folder, notes/],
    ['says nothing', { [SKILL]: 'Just words' }, /the file does not begin with front matter/],
  ])('that %s is a problem', (_, files, problem) => {
    const more = { 'catalog/agents/lead.agent.md': agent, ...files }
    expect(problemsOf(nesting(step, led, more))).toEqual([expect.stringMatching(problem)])
  })
})
