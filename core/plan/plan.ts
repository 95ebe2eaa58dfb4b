/**
 * The plan: everything a runner needs for one run, resolved by the App (or, without one, by the job itself) from
 * the default branch at one commit. The runner reads no configuration besides it, so nothing on a pull request's
 * branch can change what is run, what it may cost or what guards it.
 */
import { z } from 'zod/mini'
import { overrideNames } from '../command/command.ts'
import { mcpServersSchema } from '../config/mcp.ts'
import { whenSchema } from '../config/when.ts'
import {
  agentFrontMatterSchema,
  agentSandboxSchema,
  agentStepSchema,
  commandStepSchema,
  guardsSchema,
  workflowSchema,
} from '../config/workflow.ts'
import { priceSchema } from '../money/price.ts'
import { deliveryKindSchema } from '../run/run.ts'
import { SUBJECT_LOG_CHARACTERS_MAX, SUBJECT_TEXT_CHARACTERS_MAX } from '../session/subject-bounds.ts'
import { microUsdWire } from '../wire.ts'
import { runtimeSchema } from './agent-runtime.ts'
import { assignedSchema } from './assignment.ts'
import { endpointSchema } from './endpoint.ts'

const gitSha = z.string().check(z.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/))

/** What the session is about. `headSha` is the commit that the work starts from and that a delivery names. */
export const subjectSchema = z.object({
  kind: z.enum(['pull-request', 'issue', 'push', 'local']),
  /** `owner/name`; for a local run the folder's name. */
  repository: z.string().check(z.maxLength(200)),
  number: z.optional(z.int().check(z.positive())),
  title: z.optional(z.string().check(z.maxLength(500))),
  /** What people wrote on it, and the end of what CI printed where it failed; both only where a prompt names them. */
  text: z.optional(z.string().check(z.maxLength(SUBJECT_TEXT_CHARACTERS_MAX))),
  log: z.optional(z.string().check(z.maxLength(SUBJECT_LOG_CHARACTERS_MAX))),
  headSha: gitSha,
  /** The branch that a commit goes onto; absent where there is none to write to. */
  headRef: z.optional(z.string().check(z.maxLength(250))),
  /** What the head is compared with: the merge base of a pull request, the commit before a push. */
  baseSha: z.optional(gitSha),
})
export type Subject = z.infer<typeof subjectSchema>

const basisPoints = z.optional(z.int().check(z.minimum(0), z.maximum(10_000)))

/** `id` of a step of the plan's own workflow, `nested/id` of one of a nested workflow; `in` is that workflow's key. */
const placed = { id: z.string().check(z.maxLength(200)), in: z.optional(z.string()) }

/** As in the workflow, with the prompt's text in it and the share in basis points: nothing is left to interpret. */
const planAgentStepSchema = z.extend(agentStepSchema, {
  ...placed,
  /** A key of `agents`. */
  agent: z.string(),
  share: basisPoints,
  promptText: z.string().check(z.maxLength(50_000)),
})
const planCommandStepSchema = z.extend(commandStepSchema, placed)
const resolvedStepSchema = z.union([planAgentStepSchema, planCommandStepSchema])
export type PlanStep = z.infer<typeof resolvedStepSchema>
export type PlanAgentStep = Extract<PlanStep, { agent: string }>

/** An agent with its model settled: an override, else its own, else the workflow's, else the repository's default. */
export const planAgentSchema = z.object({
  name: z.string(),
  tools: agentFrontMatterSchema.shape.tools,
  model: z.string(),
  effort: workflowSchema.shape.effort,
  /** The command-line agent that carries it out; absent for the runner's own loop. */
  runtime: z.optional(runtimeSchema),
  /** What it may reach; hosts are those alone that the workflow around it lets it. */
  sandbox: z.optional(agentSandboxSchema),
  /** With all their texts, which it reads when it needs them. */
  skills: z.optional(
    z.array(z.object({ name: z.string(), description: z.string(), files: z.record(z.string(), z.string()) })),
  ),
  /** Whose tools it may use, by name. */
  mcpServers: z.optional(mcpServersSchema),
  /** Keys of the agents that it may delegate to. */
  delegates: z.optional(z.array(z.string())),
  /** What the model reads at most; absent where nobody declared it. */
  contextTokens: z.optional(z.int().check(z.positive())),
  systemText: z.string().check(z.maxLength(50_000)),
})
export type PlanAgent = z.infer<typeof planAgentSchema>

const inputValues = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/**
 * A workflow that is a step of another: its steps stand among the plan's, each with `in`, and what it declares besides
 * stands here. Its guards hold for all of the work.
 */
export const nestedSchema = z.object({
  workflow: z.string(),
  variant: z.optional(z.string()),
  /** The key of the nested workflow that it is a step of; absent for one of the plan's own steps. */
  in: z.optional(z.string()),
  inputs: inputValues,
  /** Inputs that are what an earlier step said: data, never a command. `field`: of a structured output. */
  said: z.record(
    z.string(),
    z.object({ step: z.string(), field: z.optional(z.string()), charactersMax: z.int().check(z.positive()) }),
  ),
  /** Of the step that names it, in the words of the workflow around it. */
  when: z.optional(whenSchema),
  /** Its own, which speaks of its own inputs. */
  precondition: z.optional(whenSchema),
  share: basisPoints,
  /** Its own cap, which holds within the run's. */
  capMicroUsd: microUsdWire,
  setup: workflowSchema.shape.setup,
  guards: guardsSchema,
})
export type PlanNested = z.infer<typeof nestedSchema>

/** The workflow's guards and, under an experiment, the paths that its scope confines the work to. */
export const planGuardsSchema = z.extend(guardsSchema, {
  scope: z.optional(z.object({ experiment: z.string(), paths: z.array(z.string()) })),
})
export type PlanGuards = z.infer<typeof planGuardsSchema>

export const planSchema = z.object({
  version: z.literal(1),
  workflow: z.string(),
  /** Absent for the baseline. */
  variant: z.optional(z.string()),
  /** How its side of a trial was found, where nobody chose one. */
  assigned: z.optional(assignedSchema),
  /** The portfolio's name, or the experiment's: the kind of portfolio that is only for a time. */
  portfolio: z.string(),
  subject: subjectSchema,
  /** The commit of the default branch that the configuration was read from. */
  configSha: z.optional(z.string()),
  inputs: inputValues,
  /** What the command changed for this one run, as it was written; recorded without its author and read as a signal. */
  overrides: z.optional(z.partialRecord(z.enum(overrideNames), z.string().check(z.maxLength(100)))),
  setup: workflowSchema.shape.setup,
  /** Whether there is anything to do; where not, the run ends before any model is called. */
  when: z.optional(whenSchema),
  steps: z.array(resolvedStepSchema),
  /** The nested workflows by key, each after the one that it is a step of. */
  nested: z.optional(z.record(z.string(), nestedSchema)),
  agents: z.record(z.string(), planAgentSchema),
  guards: planGuardsSchema,
  deliver: deliveryKindSchema,
  /** Its work waits until somebody of this access has looked at it; absent where nobody has to. */
  approve: z.optional(workflowSchema.shape.access.def.innerType),
  /** Of the issue that is opened. */
  labels: z.optional(z.array(z.string())),
  /** Prices of every model that the plan names. */
  prices: z.record(z.string(), priceSchema),
  /** What the provider's endpoint understands, where the repository declares it. */
  endpoint: z.optional(endpointSchema),
  /** The hold in money, and in tokens where a token account pays. */
  capMicroUsd: microUsdWire,
  capTokens: z.optional(z.int().check(z.positive())),
  /** The cap that the run would have without an override and with room enough; a run that had less is judged by it. */
  ownCapMicroUsd: z.optional(microUsdWire),
  timeoutMinutes: z.int().check(z.positive()),
})
export type Plan = z.infer<typeof planSchema>
