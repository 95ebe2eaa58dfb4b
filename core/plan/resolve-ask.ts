/** One question to another agent about a session: a run of its own kind, whose answer is a comment. */
import { VALUE_CHARACTERS_MAX } from '../command/command.ts'
import type { CatalogWorkflow, Configuration } from '../config/configuration.ts'
import type { PriceList } from '../money/prices.ts'
import { didYouMean } from '../nearest.ts'
import { isRefusal, type Refusal, refuse } from '../reason.ts'
import type { Plan, Subject } from './plan.ts'
import { type Resolved, resolveRun } from './resolve.ts'

/** What such a run is named after; a verb, so no workflow has the name. */
export const ASK = 'ask'

export interface Question {
  /** The session's workflow: who pays for it pays for the answer. */
  readonly workflow: string
  readonly agent: string
  readonly text: string
}

const PROMPT = 'question.md'
const PROMPT_TEXT =
  'Somebody asks you about the work in this workspace, which another agent may have begun. Look at what you need to and answer in Markdown, briefly; change no files.\n\n${{ inputs.question }}'
const MINUTES = 20

/** `now` decides whether an experiment is over. */
export function resolveAsk(
  configuration: Configuration,
  { workflow, agent, text }: Question,
  subject: Subject,
  keptPrices: PriceList,
  now: Date,
): Resolved | Refusal {
  const { agents, families } = configuration
  if (!agents.has(agent)) {
    return refuse('unknown-agent', `There is no agent \`${agent}\`.${didYouMean(agent, agents.keys())}`)
  }
  const family = families.get(workflow)
  if (family === undefined) return refuse('unknown-workflow', `There is no workflow \`${workflow}\` any more.`)
  const asked = { ...family, baseline: askingWorkflow(family.baseline, agent), variants: new Map() }
  const within = { ...configuration, families: new Map([[workflow, asked]]) }
  const request = { workflow, inputs: { question: text }, overrides: {} }
  const resolved = resolveRun(within, request, subject, keptPrices, now)
  return isRefusal(resolved) ? resolved : { ...resolved, plan: readingOnly({ ...resolved.plan, workflow: ASK }) }
}

function askingWorkflow(
  { name, summary, value, access, cap, floor, model, effort }: CatalogWorkflow,
  agent: string,
): CatalogWorkflow {
  return {
    name,
    summary,
    value,
    access,
    on: ['pull-request', 'issue', 'push'],
    inputs: { question: { type: 'string', 'max-length': VALUE_CHARACTERS_MAX } },
    model,
    effort,
    steps: [{ id: 'answer', agent, prompt: PROMPT, turns: 30 }],
    guards: {},
    deliver: 'comment',
    approve: false,
    labels: [],
    cap,
    floor,
    'timeout-minutes': MINUTES,
    prompts: { [PROMPT]: PROMPT_TEXT },
  }
}

const EDITING = ['edit', 'write']

/** An answer delivers no files, so an agent that is asked gets no tools to change them with. */
function readingOnly(plan: Plan): Plan {
  const agents = Object.entries(plan.agents).map(([name, agent]) => {
    const tools = agent.tools.filter((tool) => !EDITING.includes(tool))
    return [name, { ...agent, tools: tools.length === 0 ? ['read' as const] : tools }] as const
  })
  return { ...plan, agents: Object.fromEntries(agents) }
}
