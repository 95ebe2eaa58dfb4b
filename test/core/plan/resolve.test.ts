/** From a name to a plan, or to a refusal in words. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readKeptPrices } from '../../../catalog/built-in.ts'
import { planSchema, type Subject } from '../../../core/plan/plan.ts'
import { type RunRequest, resolveRun } from '../../../core/plan/resolve.ts'
import { isRefusal } from '../../../core/reason.ts'
import { configurationOf, layer, TIDY, tidyFiles } from '../config/layers.ts'

const prices = readKeptPrices()
const NOW = new Date('2026-11-20T12:00:00Z')
const pull: Subject = { kind: 'pull-request', repository: 'acme/shop', number: 7, headSha: 'a'.repeat(40) }

const INPUTS = `inputs:
  goal: { type: string, max-length: 5 }
  depth: { type: number, default: 2 }
  strict: { type: boolean, default: false }
  style: { type: choice, options: [plain, fancy], default: plain }
`

/** `tidy` with an input of each type, a floor and a token cap, beside the built-in workflows. */
const files = tidyFiles({
  'catalog/tidy/workflow.yml': TIDY.replace(/inputs:\n.*\n/, INPUTS).replace(
    'cap: { usd: 1 }',
    'cap: { usd: 1, tokens: 1_000_000 }\nfloor: { usd: 0.40 }',
  ),
  'catalog/tidy/variants/quick.yml': 'summary: Faster\nsquad: web\ncap: { usd: 0.60 }\neffort: low\n',
})

function resolve(request: Partial<RunRequest>, changed: Record<string, string> = {}, subject = pull, now = NOW) {
  const configuration = configurationOf(layer('repository', { ...files, ...changed }))
  return resolveRun(configuration, { workflow: 'tidy', inputs: {}, overrides: {}, ...request }, subject, prices, now)
}

function resolved(...args: Parameters<typeof resolve>) {
  const found = resolve(...args)
  if (isRefusal(found)) throw new Error(found.message)
  return found
}

describe('a request that resolves', () => {
  it('carries everything that a runner needs, and travels as JSON', () => {
    const { plan, ...rest } = resolved({ variant: 'quick', inputs: { goal: 'Tidy', strict: 'true' } })
    expect(rest).toMatchObject({
      payer: { kind: 'portfolio', name: 'refactoring' },
      floorMicroUsd: 400_000n,
      squad: 'web',
      access: 'write',
    })
    expect(plan).toMatchObject({
      version: 1,
      workflow: 'tidy',
      variant: 'quick',
      portfolio: 'refactoring',
      subject: pull,
      inputs: { goal: 'Tidy', depth: 2, strict: true, style: 'plain' },
      agents: { engineer: { model: 'gpt-5-mini', effort: 'low' } },
      deliver: 'commit',
      capMicroUsd: 600_000n,
    })
    expect(plan.steps[1]).toMatchObject({
      agent: 'engineer',
      promptText: 'Do ${{ inputs.goal }} after ${{ steps.look.output }}\n',
    })
    expect(Object.keys(plan.prices)).toEqual(['gpt-5-mini'])
    expect(z.decode(planSchema, JSON.parse(JSON.stringify(z.encode(planSchema, plan))))).toEqual(plan)
  })

  it.each([
    ['the workflow’s where the portfolio has more', {}, 1_000_000n],
    ['the portfolio’s where the workflow has more', { workflow: 'refactor+tests' }, 2_500_000n],
    ['twice as much where that is allowed', { overrides: { cap: '2x' } }, 2_000_000n],
    ['a part', { overrides: { cap: '0.4x' } }, 400_000n],
    ['an amount', { overrides: { cap: '1.25' } }, 1_250_000n],
    ['an amount with its sign', { overrides: { cap: '$2' } }, 2_000_000n],
  ])('has as its cap %s', (_, request, capMicroUsd) => {
    expect(resolved({ inputs: 'workflow' in request ? {} : { goal: 'x' }, ...request }).plan.capMicroUsd).toBe(
      capMicroUsd,
    )
  })

  it('scales the token cap with the cap, and records the override as it was written', () => {
    const { plan } = resolved({ inputs: { goal: 'x' }, overrides: { cap: '2x' } })
    expect(plan.capTokens).toBe(2_000_000)
    expect(plan.overrides).toEqual({ cap: '2x' })
    expect(resolved({ inputs: { goal: 'x' } }).plan).not.toHaveProperty('overrides')
  })

  it('is worth starting with a tenth of its cap where it declares no floor', () => {
    expect(resolved({ workflow: 'refactor+tests', overrides: { cap: '0.1x' } }).floorMicroUsd).toBe(25_000n)
  })

  it('works on any subject of a local checkout', () => {
    expect(resolved({ workflow: 'review' }, {}, { ...pull, kind: 'local' }).plan.subject.kind).toBe('local')
  })
})

describe('a workflow of an experiment', () => {
  const experiment = (more = '') => ({
    'portfolios.yml': `${files['portfolios.yml']?.replace(', tidy]', ']').replace('version: 1', 'version: 1\ntime-zone: Europe/Berlin')}experiments:
  split:
    project: Split the monolith
    workflows: [tidy]
    scope: { paths: ['billing/**', '.github/**'] }
    ends: 2026-11-30
    budget: { usd: 20 }
${more}`,
  })
  const at = (moment: string, more = '', variant?: string) =>
    resolve({ inputs: { goal: 'x' }, variant }, experiment(more), pull, new Date(moment))

  it.each([undefined, 'quick'])('is paid by it under its own cap, as variant %s too', (variant) => {
    const found = at('2026-11-20T12:00:00Z', '', variant)
    if (isRefusal(found)) throw new Error(found.message)
    expect(found.payer).toMatchObject({ kind: 'experiment', name: 'split', terms: { overrides: {}, enforce: 'cap' } })
    expect(found.plan).toMatchObject({
      portfolio: 'split',
      capMicroUsd: variant === undefined ? 1_000_000n : 600_000n,
      guards: {
        paths: { deny: ['**/*.lock'] },
        scope: { experiment: 'split', paths: ['billing/**', '.github/**'] },
      },
    })
    expect(z.decode(planSchema, JSON.parse(JSON.stringify(z.encode(planSchema, found.plan))))).toEqual(found.plan)
  })

  it.each([
    ['a larger cap', { cap: '2x' }, 'the experiment `split` allows at most $1.00, the cap.'],
    ['a model', { model: 'gpt-5.2' }, 'The experiment `split` does not allow the model `gpt-5.2`.'],
  ])('takes no override: %s', (_, overrides, message) => {
    const found = resolve({ inputs: { goal: 'x' }, overrides }, experiment())
    expect(found).toMatchObject({
      reason: 'override-out-of-bounds',
      message: expect.stringContaining(message),
    })
  })

  it('runs to the end of the last day in the declared time zone', () => {
    expect(isRefusal(at('2026-11-30T22:59:59Z'))).toBe(false)
    expect(at('2026-11-30T23:00:00Z')).toMatchObject({
      reason: 'experiment-over',
      message: 'The experiment `split`, which paid for `tidy`, ended on 2026-11-30.',
      todo: expect.stringMatching(/extend it once with a reason .*experiments\.split\.extended.*of a portfolio/),
    })
  })

  it('runs on in its one extension, after which only a portfolio can pay', () => {
    const extended = '    extended: { until: 2026-12-10, reason: The last module is left }\n'
    expect(isRefusal(at('2026-12-10T12:00:00Z', extended))).toBe(false)
    expect(at('2026-12-11T00:00:00Z', extended)).toMatchObject({
      reason: 'experiment-over',
      message: expect.stringContaining('ended on 2026-12-10'),
      todo: expect.stringMatching(/^It has had its one extension\. .*move `tidy` into the `workflows` of a portfolio/),
    })
  })
})

describe('the model of an agent', () => {
  const agent = (model: string) => `---\nname: engineer\ndescription: Does things\n${model}---\nDo things.\n`
  const withDefault = files['portfolios.yml']?.replace('version: 1', 'version: 1\nmodels: { default: gpt-4.1 }') ?? ''
  const withWorkflows = files['catalog/tidy/workflow.yml']?.replace('value:', 'model: gpt-4.1-mini\nvalue:') ?? ''

  it.each([
    ['the built-in default', {}, {}, 'gpt-5-mini'],
    ['the repository’s default', { 'portfolios.yml': withDefault }, {}, 'gpt-4.1'],
    [
      'the workflow’s',
      { 'portfolios.yml': withDefault, 'catalog/tidy/workflow.yml': withWorkflows },
      {},
      'gpt-4.1-mini',
    ],
    [
      'its own',
      { 'catalog/tidy/workflow.yml': withWorkflows, 'catalog/agents/engineer.agent.md': agent('model: gpt-4.1\n') },
      {},
      'gpt-4.1',
    ],
    [
      'the override',
      { 'catalog/agents/engineer.agent.md': agent('model: gpt-4.1\n') },
      { model: 'gpt-5.2' },
      'gpt-5.2',
    ],
  ])('is %s', (_, changed, overrides, model) => {
    const wide = Object.fromEntries(Object.entries(changed).map(([path, text]) => [path, String(text)]))
    const configuration = configurationOfPriced({ ...files, ...wide })
    const found = resolveRun(configuration, { workflow: 'tidy', inputs: { goal: 'x' }, overrides }, pull, prices, NOW)
    expect(isRefusal(found) ? found : found.plan.agents.engineer?.model).toBe(model)
  })

  it('costs what the repository says, before the kept list', () => {
    const own = withDefault.replace(
      'default: gpt-4.1',
      'default: gpt-5.2, prices: { gpt-5.2: { input: 0.20, output: 0.80 } }',
    )
    const { plan } = resolved({ inputs: { goal: 'x' } }, { 'portfolios.yml': own })
    expect(plan.prices).toEqual({
      'gpt-5.2': { input: 200_000n, cached: 200_000n, output: 800_000n, tiers: [], source: 'portfolios.yml' },
    })
  })

  /** Tests of models name more of them than the small price list of the configuration's tests has. */
  function configurationOfPriced(from: Record<string, string>) {
    const prices = '\n  prices: { gpt-4.1: { input: 2, output: 8 }, gpt-4.1-mini: { input: 0.4, output: 1.6 } }'
    const text = from['portfolios.yml'] ?? ''
    const priced = text.includes('models: {')
      ? text.replace('models: { default: gpt-4.1 }', `models:\n  default: gpt-4.1${prices}`)
      : text.replace('version: 1', `version: 1\nmodels:${prices}`)
    return configurationOf(layer('repository', { ...from, 'portfolios.yml': priced }))
  }
})

const goal = { goal: 'x' }

describe('a request that is refused', () => {
  it.each([
    [
      { workflow: 'refactor-tests' },
      'unknown-workflow',
      'There is no workflow `refactor-tests`. Did you mean `refactor+tests`?',
    ],
    [{ workflow: 'constructor' }, 'unknown-workflow', 'There is no workflow `constructor`.'],
    [{ variant: 'quik' }, 'unknown-variant', 'The workflow `tidy` has no variant `quik`. Did you mean `quick`?'],
    [{ variant: 'toString' }, 'unknown-variant', 'The workflow `tidy` has no variant `toString`. It has `quick`.'],
    [
      { workflow: 'review', variant: 'deep' },
      'unknown-variant',
      'The workflow `review` has no variant `deep`. It has no variants.',
    ],
    [{ workflow: 'changelog' }, 'wrong-subject', 'The workflow `changelog` works on a push, not on a pull request.'],
    [{}, 'input-invalid', 'The input `goal` is missing; expected text, as in `goal="..."`.'],
    [
      { inputs: { gaol: 'x', depth: 'two', strict: 'yes', style: 'fance', goal: 'Tidy up' } },
      'input-invalid',
      'The workflow `tidy` has no input `gaol`. Did you mean `goal`? The input `depth` is `two`; expected a number. The input `strict` is `yes`; expected `true` or `false`. The input `style` is `fance`; expected one of `plain`, `fancy`. Did you mean `fancy`? The input `goal` has 7 characters; expected at most 5.',
    ],
    [
      { inputs: { ...goal, constructor: 'x' } },
      'input-invalid',
      'The workflow `tidy` has no input `constructor`. It takes `goal`, `depth`, `strict`, `style`.',
    ],
    [
      { inputs: goal, overrides: { cap: '2.001x' } },
      'override-out-of-bounds',
      'A cap of $2.001 was asked for; the portfolio `refactoring` allows at most $2.00, 2 times the cap of $1.00.',
    ],
    [
      { inputs: goal, overrides: { cap: '5' } },
      'override-out-of-bounds',
      'A cap of $5.00 was asked for; the portfolio `refactoring` allows at most $2.00, 2 times the cap of $1.00.',
    ],
    [
      { inputs: goal, overrides: { cap: '0.39' } },
      'override-out-of-bounds',
      'A cap of $0.39 was asked for; the workflow needs at least $0.40.',
    ],
    [
      { inputs: goal, overrides: { cap: 'lots' } },
      'override-out-of-bounds',
      '`cap=lots` is no cap; expected a multiple such as `2x` or US dollars such as `5.00`.',
    ],
    [
      { inputs: goal, overrides: { cap: '0x' } },
      'override-out-of-bounds',
      '`cap=0x` is no cap; expected a multiple such as `2x` or US dollars such as `5.00`.',
    ],
    [
      { inputs: goal, overrides: { model: 'gpt-5.1' } },
      'override-out-of-bounds',
      'The portfolio `refactoring` does not allow the model `gpt-5.1`. Did you mean `gpt-5.2`?',
    ],
    [
      { inputs: goal, overrides: { effort: 'hihg' } },
      'override-out-of-bounds',
      '`effort=hihg` is none of `minimal`, `low`, `medium`, `high`. Did you mean `high`?',
    ],
  ])('%j', (request, reason, message) => {
    expect(resolve(request)).toMatchObject({ refused: true, reason, message })
  })

  it('names the model that has no price, and the nearest that has one', () => {
    const configuration = configurationOf(layer('repository', files))
    const nano = prices.get('gpt-5-nano')
    if (nano === undefined) throw new Error('the list has no price of gpt-5-nano')
    const few = new Map([['gpt-5-nano', nano]])
    expect(resolveRun(configuration, { workflow: 'review', inputs: {}, overrides: {} }, pull, few, NOW)).toMatchObject({
      reason: 'model-without-price',
      message: 'The model `gpt-5-mini` has no known price, so its cost can’t be bounded. Did you mean `gpt-5-nano`?',
    })
  })

  it('says so when nothing pays for the workflow, and when nothing is declared at all', () => {
    const push = { ...pull, kind: 'push' as const }
    expect(resolve({ workflow: 'changelog' }, {}, push)).toMatchObject({
      reason: 'no-portfolio',
      message: 'The workflow `changelog` is in no portfolio, so nothing pays for it.',
    })
    const request = { workflow: 'review', inputs: {}, overrides: {} }
    expect(resolveRun(configurationOf(), request, pull, prices, NOW)).toMatchObject({ reason: 'no-configuration' })
  })

  it('allows no override where the portfolio declares none', () => {
    const plain =
      files['portfolios.yml']?.replace('    overrides: { cap: 2x, models: [gpt-5.2, gpt-5-mini] }\n', '') ?? ''
    expect(resolve({ inputs: goal, overrides: { cap: '1.01' } }, { 'portfolios.yml': plain })).toMatchObject({
      message: 'A cap of $1.01 was asked for; the portfolio `refactoring` allows at most $1.00, the cap.',
    })
    expect(resolve({ inputs: goal, overrides: { model: 'gpt-5.2' } }, { 'portfolios.yml': plain })).toMatchObject({
      message: 'The portfolio `refactoring` does not allow the model `gpt-5.2`. It allows no other model.',
    })
  })
})
