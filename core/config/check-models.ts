/** Models that nothing gives a price to, so that no run of theirs could be bounded. */
import { nearest } from '../nearest.ts'
import type { Catalog } from './catalog.ts'
import { problemAt } from './explain.ts'
import type { Problem } from './problem.ts'
import type { Settings } from './settings.ts'

const NO_CHOICE = {
  wrong: 'the Responses API has one field for the output’s limit',
  expected: '`output-limit` only with `api: chat-completions`',
  example: 'endpoint: { api: responses }',
}

/** `kept`: the models of the kept price list. Only what is offered, or written here, is looked at. */
export function checkModels(settings: Settings, catalog: Catalog, kept: ReadonlySet<string>): readonly Problem[] {
  const { value, sources } = settings.portfolios
  const priced = new Set([...kept, ...Object.keys(value.models.prices)])
  const finding = (model: string) => ({
    wrong: `the model ${model} has no price, so its cost can’t be bounded`,
    expected: 'a model of the price list, or its price under `models.prices`',
    example: nearest(model, priced) ?? `prices: { ${model}: { input: 0.20, output: 0.80 } }`,
  })
  const problems: Problem[] = []
  const look = (model: string | undefined, report: (model: string) => Problem) => {
    if (model !== undefined && !priced.has(model)) problems.push(report(model))
  }
  look(value.models.default, (model) => problemAt(sources, ['models', 'default'], finding(model)))
  for (const model of Object.keys(value.models.context ?? {})) {
    look(model, () => problemAt(sources, ['models', 'context', model], finding(model), 'error', 'key'))
  }
  const { endpoint } = value.models
  if (endpoint?.api === 'responses' && endpoint['output-limit'] !== undefined) {
    problems.push(problemAt(sources, ['models', 'endpoint', 'output-limit'], NO_CHOICE, 'error', 'key'))
  }
  for (const [name, { overrides }] of Object.entries(value.portfolios)) {
    overrides.models?.forEach((model, index) => {
      look(model, () => problemAt(sources, ['portfolios', name, 'overrides', 'models', index], finding(model)))
    })
  }
  const offered = new Set(Object.values(value.portfolios).flatMap(({ workflows }) => workflows))
  for (const { family, source, workflow, baseline } of catalog.workflows) {
    const inherited = baseline !== undefined && baseline.workflow.model === workflow.model
    if (offered.has(family) && !inherited)
      look(workflow.model, (model) => problemAt([source], ['model'], finding(model)))
  }
  for (const { agent, source } of catalog.agents.values()) {
    if (agent.layer !== 'built-in') look(agent.model, (model) => problemAt([source], ['model'], finding(model)))
  }
  return problems
}
