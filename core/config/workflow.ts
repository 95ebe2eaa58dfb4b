/** `catalog/<name>/workflow.yml` and the overlays beside it: what a named workflow does, guards, delivers and may cost. */
import { z } from 'zod'
import { deliveryKindSchema } from '../run.ts'
import { workflowCapSchema } from './portfolios.ts'
import { glob, modelName, name, percent, sentence, usd } from './units.ts'

/** A shell command; values of inputs reach it as quoted environment variables, never by pasting. */
const command = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .meta({ description: 'A shell command; `${{ inputs.test }}` is passed as data', examples: ['npm test'] })

const inputName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'not an input’s name; expected lower-case letters; for example goal')
  .meta({ examples: ['goal'] })

export const inputSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('string'),
    description: sentence.optional(),
    default: z.string().max(4000).optional(),
    'max-length': z.int().positive().max(4000).default(1000),
  }),
  z.strictObject({ type: z.literal('number'), description: sentence.optional(), default: z.number().optional() }),
  z.strictObject({ type: z.literal('boolean'), description: sentence.optional(), default: z.boolean().optional() }),
  z.strictObject({
    type: z.literal('choice'),
    description: sentence.optional(),
    options: z.array(z.string().min(1).max(100)).min(2).max(20),
    default: z.string().optional(),
  }),
])
export type InputDeclaration = z.infer<typeof inputSchema>

const stepId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'not a step’s id; expected lower-case letters; for example tests')
  .meta({ examples: ['tests'] })

/** The keys of steps without their defaults, which an overlay must not bring in. */
const onFailure = z.enum(['stop', 'continue']).describe('continue: the result is only noted and shown to later steps')
const commandMinutes = z.int().min(1).max(120).describe('Minutes until the command is ended')
const prompt = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]*\.md$/,
    'not a prompt file; expected a Markdown file beside workflow.yml; for example refactor.md',
  )
  .meta({ description: 'The agent’s task, in a file beside workflow.yml', examples: ['refactor.md'] })
const share = percent.meta({ description: 'The most of the cap that this step may use', examples: ['60%'] })
const turns = z.int().min(1).max(200).describe('The most model responses, over all attempts')
const until = z
  .strictObject({
    run: command,
    attempts: z.int().min(1).max(10).default(3),
    'timeout-minutes': commandMinutes.default(10),
  })
  .describe('Run this command when the agent is done; when it fails, show the agent its output and try again')

export const commandStepSchema = z.strictObject({
  id: stepId,
  run: command,
  'on-failure': onFailure.default('stop'),
  'timeout-minutes': commandMinutes.default(10),
})

export const agentStepSchema = z.strictObject({
  id: stepId,
  agent: name.meta({ description: 'The agent that does it', examples: ['engineer'] }),
  prompt,
  share: share.optional(),
  turns: turns.default(30),
  until: until.optional(),
})

export const stepSchema = z.union(
  [agentStepSchema, commandStepSchema],
  'not a step; expected either agent and prompt or run; for example { id: tests, agent: engineer, prompt: tests.md }',
)
export type Step = z.infer<typeof stepSchema>

export const guardsSchema = z.strictObject({
  paths: z
    .strictObject({ allow: z.array(glob).optional(), deny: z.array(glob).optional() })
    .optional()
    .describe('Which paths the work may touch; `.github/**` is always denied unless allowed here by name'),
  diff: z.strictObject({ files: z.int().positive().optional(), lines: z.int().positive().optional() }).optional(),
  run: z.array(command).max(5).optional().describe('Commands that must pass on the finished work'),
})
export type Guards = z.infer<typeof guardsSchema>

export const effortSchema = z.enum(['minimal', 'low', 'medium', 'high'])

const setup = z.strictObject({
  run: command,
  network: z
    .array(z.string().min(1).max(200))
    .default([])
    .describe('Hosts that it may reach; `registry` for the package registries'),
  'timeout-minutes': z.int().min(1).max(60).default(10),
})

const fields = {
  summary: sentence.meta({
    description: 'What it does, in one line of a list',
    examples: ['Refactor what this pull request touches'],
  }),
  value: name.meta({ description: 'The value it serves', examples: ['quality'] }),
  access: z
    .enum(['triage', 'write', 'maintain'])
    .default('write')
    .describe('What somebody needs on GitHub to start it'),
  on: z
    .array(z.enum(['pull-request', 'issue', 'push']))
    .min(1)
    .default(['pull-request'])
    .describe('The subjects that it works on'),
  inputs: z.record(inputName, inputSchema).default({}).describe('What a command may give it'),
  setup: setup.optional().describe('Runs once before any model call and without any key'),
  model: modelName.optional().describe('The model of its agents that name none'),
  effort: effortSchema.optional().describe('How hard a model that reasons is asked to think'),
  steps: z.array(stepSchema).min(1).max(20).describe('What it does, in this order'),
  guards: guardsSchema.default({}).describe('What the work must satisfy before it is delivered'),
  deliver: deliveryKindSchema.meta({ description: 'What it hands over', examples: ['commit'] }),
  cap: workflowCapSchema.describe('The most that one session may cost'),
  floor: z
    .strictObject({ usd })
    .optional()
    .describe('The least it is worth starting with; a tenth of the cap when left out'),
  'timeout-minutes': z.int().min(1).max(350).default(30).describe('Minutes until the run is ended'),
}

export const workflowSchema = z.strictObject({ name, ...fields }).describe('A named workflow of the catalog')
export type Workflow = z.infer<typeof workflowSchema>

/**
 * A step of an overlay: matched to the baseline's by `id`, with only the keys that differ. A new `id` needs a whole
 * step and stands last, or where `before` or `after` puts it. `remove: true` takes a step out.
 */
const stepOverlaySchema = z.lazy(() =>
  z.strictObject({
    id: stepId,
    remove: z.literal(true).optional().describe('Takes the step out'),
    before: stepId.optional().describe('Puts the step before the one of this id'),
    after: stepId.optional().describe('Puts the step after the one of this id'),
    agent: agentStepSchema.shape.agent.optional(),
    prompt: prompt.optional(),
    share: share.optional(),
    turns: turns.optional(),
    until: until
      .partial({ run: true })
      .extend({ attempts: z.int().min(1).max(10).optional(), 'timeout-minutes': commandMinutes.optional() })
      .optional(),
    run: command.optional(),
    'on-failure': onFailure.optional(),
    'timeout-minutes': commandMinutes.optional(),
  }),
)

/** `variants/<name>.yml`: only the keys that differ from the baseline. */
export const variantSchema = z.lazy(() =>
  z
    .strictObject({
      summary: fields.summary,
      squad: name.optional().describe('The squad that proposes it and gets the credit'),
      model: fields.model,
      effort: fields.effort,
      setup: setup
        .partial({ run: true })
        .extend({
          network: z.array(z.string().min(1).max(200)).optional(),
          'timeout-minutes': z.int().min(1).max(60).optional(),
        })
        .optional(),
      steps: z.array(stepOverlaySchema).max(20).optional().describe('Matched by `id`; `remove: true` takes one out'),
      guards: guardsSchema.optional(),
      cap: workflowCapSchema.optional(),
      'timeout-minutes': z.int().min(1).max(350).optional(),
    })
    .describe('A variant: an overlay over a workflow, with only the keys that differ'),
)
export type Variant = z.infer<typeof variantSchema>

/** Front matter of `catalog/agents/<name>.agent.md`; the Markdown below it is the agent's system text. */
export const toolNames = ['read', 'list', 'search', 'edit', 'write', 'run'] as const
export const agentFrontMatterSchema = z
  .strictObject({
    name,
    description: sentence,
    tools: z
      .array(z.enum(toolNames))
      .min(1)
      .default([...toolNames]),
    model: modelName.optional().describe('Its own model, which comes before the workflow’s'),
    effort: fields.effort,
  })
  .describe('An agent: a primitive that any workflow may name')
export type AgentFrontMatter = z.infer<typeof agentFrontMatterSchema>
