/** Which model each agent of a run uses, and at what price. */
import type { CatalogAgent, CatalogWorkflow, Configuration } from '../config/configuration.ts'
import type { AgentSandbox } from '../config/workflow.ts'
import type { Price } from '../money/price.ts'
import { DEFAULT_MODEL, type PriceList } from '../money/prices.ts'
import { didYouMean } from '../nearest.ts'
import { type Refusal, refuse } from '../reason.ts'
import type { PlanAgent } from './plan.ts'
import type { Overrides } from './resolve-overrides.ts'

export interface SettledModels {
  /** The agents that the steps name. */
  readonly agents: Record<string, PlanAgent>
  /** The price of every model that these agents use. */
  readonly prices: Record<string, Price>
}

export function settleModels(
  configuration: Configuration,
  workflow: CatalogWorkflow,
  overrides: Pick<Overrides, 'model' | 'effort'>,
  keptPrices: PriceList,
): SettledModels | Refusal {
  const priceList = pricesOf(configuration, keptPrices)
  const agents: [string, PlanAgent][] = []
  const prices: [string, Price][] = []
  const named = workflow.steps.flatMap((step) => ('agent' in step ? [step.agent] : []))
  for (const name of withDelegates(named, configuration)) {
    const agent = configuration.agents.get(name)
    if (!agent) throw new Error(`the agent ${name} of a checked workflow is not in the catalog`)
    const model = modelOf(configuration, workflow, agent, overrides.model)
    const price = priceList.get(model)
    if (!price) {
      return refuse(
        'model-without-price',
        `The model \`${model}\` has no known price, so its cost can’t be bounded.${didYouMean(model, priceList.keys())}`,
      )
    }
    const effort = overrides.effort ?? agent.effort ?? workflow.effort
    const contextTokens = configuration.portfolios.models.context?.[model]
    agents.push([
      name,
      {
        name,
        tools: agent.tools,
        model,
        ...(effort ? { effort } : {}),
        ...(agent.skills ? { skills: agent.skills.flatMap((one) => configuration.skills.get(one) ?? []) } : {}),
        ...(agent['mcp-servers'] ? { mcpServers: agent['mcp-servers'] } : {}),
        ...(agent.delegates ? { delegates: agent.delegates } : {}),
        ...(agent.sandbox ? { sandbox: withinNetwork(agent.sandbox, workflow) } : {}),
        ...(agent.runtime ? { runtime: agent.runtime } : {}),
        ...(contextTokens === undefined ? {} : { contextTokens }),
        systemText: agent.systemText,
      },
    ])
    prices.push([model, price])
  }
  return { agents: Object.fromEntries(agents), prices: Object.fromEntries(prices) }
}

/** An agent's file serves many workflows; each of them bounds what may be reached from its runs. */
function withinNetwork(sandbox: AgentSandbox, { setup }: Pick<CatalogWorkflow, 'setup'>): AgentSandbox {
  return { ...sandbox, hosts: sandbox.hosts.filter((host) => setup?.network.includes(host)) }
}

/** The agents that steps name, and all that these may reach by delegating. */
export function withDelegates(
  named: readonly string[],
  { agents }: { readonly agents: ReadonlyMap<string, Pick<CatalogAgent, 'delegates'>> },
): ReadonlySet<string> {
  // A set is gone through in the order in which it grows.
  const all = new Set(named)
  for (const name of all) for (const delegate of agents.get(name)?.delegates ?? []) all.add(delegate)
  return all
}

/** An override comes before the agent's own model, that before the workflow's, that before the repository's default. */
export function modelOf(
  { portfolios }: Configuration,
  workflow: Pick<CatalogWorkflow, 'model'>,
  agent: Pick<CatalogAgent, 'model'>,
  override: string | undefined,
): string {
  return override ?? agent.model ?? workflow.model ?? portfolios.models.default ?? DEFAULT_MODEL
}

/** The kept price list with the repository's own prices over it. */
export function pricesOf({ portfolios }: Configuration, kept: PriceList): PriceList {
  const own = portfolios.models.prices
  return {
    keys: () => new Set([...kept.keys(), ...Object.keys(own)]).keys(),
    get: (model) => {
      const price = Object.hasOwn(own, model) ? own[model] : undefined
      if (price === undefined) return kept.get(model)
      const { input, cached = input, written, output } = price
      return { input, cached, ...(written !== undefined && { written }), output, tiers: [], source: 'portfolios.yml' }
    },
  }
}
