/** `catalog/<name>/workflow.yml` and the overlays beside it: what a named workflow does, guards, delivers and may cost. */
import { z } from 'zod/mini'
import { runtimeSchema } from '../plan/agent-runtime.ts'
import { deliveryKindSchema } from '../run/run.ts'
import { command, commandMinutes } from './command-text.ts'
import { described } from './described.ts'
import { mcpServersSchema } from './mcp.ts'
import { outputSchema } from './output.ts'
import { workflowCapSchema } from './portfolios.ts'
import { onSchema } from './trigger.ts'
import { day, glob, modelName, name, percent, sentence, usd } from './units.ts'
import { whenSchema } from './when.ts'
import { withExample } from './with-example.ts'

const inputName = withExample(
  z
    .string()
    .check(z.regex(/^[a-z][a-z0-9_-]{0,39}$/, 'not an input’s name; expected lower-case letters; for example goal')),
  'goal',
)

const defaultText = z.optional(z.string().check(z.maxLength(4000)))

export const inputSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('string'),
    description: z.optional(sentence),
    default: defaultText,
    'max-length': z._default(z.int().check(z.positive(), z.maximum(4000)), 1000),
  }),
  z.strictObject({
    type: z.literal('number'),
    description: z.optional(sentence),
    default: z.optional(withExample(z.number(), 5)),
  }),
  z.strictObject({ type: z.literal('boolean'), description: z.optional(sentence), default: z.optional(z.boolean()) }),
  z.strictObject({
    type: z.literal('choice'),
    description: z.optional(sentence),
    options: withExample(
      z.array(z.string().check(z.minLength(1), z.maxLength(100))).check(z.minLength(2), z.maxLength(20)),
      ['brief', 'thorough'],
    ),
    default: defaultText,
  }),
])
export type InputDeclaration = z.infer<typeof inputSchema>

const stepId = withExample(
  z
    .string()
    .check(z.regex(/^[a-z][a-z0-9-]{0,39}$/, 'not a step’s id; expected lower-case letters; for example tests')),
  'tests',
)

/** The keys of steps without their defaults, which an overlay must not bring in. */
const onFailure = described(z.enum(['stop', 'continue']), 'continue: the result is only noted and shown to later steps')
const prompt = withExample(
  z
    .string()
    .check(
      z.regex(
        /^[a-z0-9][a-z0-9-]*\.md$/,
        'not a prompt file; expected a Markdown file beside workflow.yml; for example refactor.md',
      ),
    ),
  'refactor.md',
  'The agent’s task, in a file beside workflow.yml',
)
const share = withExample(percent, '60%', 'The most of the cap that this step may use')
const turns = described(z.int().check(z.minimum(1), z.maximum(200)), 'The most model responses, over all attempts')
const attempts = z.int().check(z.minimum(1), z.maximum(10))
const UNTIL = 'Run this command when the agent is done; when it fails, show the agent its output and try again'
const until = described(
  z.strictObject({
    run: command,
    attempts: z._default(attempts, 3),
    'timeout-minutes': z._default(commandMinutes, 10),
  }),
  UNTIL,
)

const stepWhen = described(z.optional(whenSchema), 'Whether the step is needed; without it, it always is')

export const commandStepSchema = z.strictObject({
  id: stepId,
  when: stepWhen,
  run: command,
  'on-failure': z._default(onFailure, 'stop'),
  'timeout-minutes': z._default(commandMinutes, 10),
})

export const agentStepSchema = z.strictObject({
  id: stepId,
  when: stepWhen,
  agent: withExample(name, 'engineer', 'The agent that does it'),
  prompt,
  share: z.optional(share),
  turns: z._default(turns, 30),
  until: z.optional(until),
  output: z.optional(outputSchema),
})

const workflowName = withExample(
  z
    .string()
    .check(
      z.regex(
        /^[a-z][a-z0-9]*([-+][a-z0-9]+)*(\/[a-z][a-z0-9]*([-+][a-z0-9]+)*)?$/,
        'not a workflow’s name; expected <workflow> or <workflow>/<variant>; for example review',
      ),
      z.maxLength(101),
    ),
  'review',
  'Another workflow of the catalog, or a variant: its steps are part of this run, under this run’s cap and all guards',
)
const nestedInput = withExample(
  z.union([z.string().check(z.maxLength(4000)), z.number(), z.boolean()]),
  'Look at the tests alone',
  'A value; `${{ inputs.goal }}` is one of this workflow’s own, `${{ steps.look.output }}` what a step said',
)
const nestedInputs = z.record(inputName, nestedInput)

export const workflowStepSchema = z.strictObject({
  id: stepId,
  when: stepWhen,
  workflow: workflowName,
  inputs: described(z._default(nestedInputs, {}), 'What it is given'),
  share: z.optional(share),
})
export type WorkflowStep = z.infer<typeof workflowStepSchema>

export const stepSchema = z.union(
  [agentStepSchema, commandStepSchema, workflowStepSchema],
  'not a step; expected agent and prompt, or run, or workflow; for example { id: tests, agent: engineer, prompt: tests.md }',
)
export type Step = z.infer<typeof stepSchema>

/** What `/agent deliver` may set aside; the names are those of the guards themselves. */
export const waivableGuards = ['paths', 'diff', 'run', 'tests'] as const
export type WaivableGuard = (typeof waivableGuards)[number]

export const guardsSchema = z.strictObject({
  paths: described(
    z.optional(z.strictObject({ allow: z.optional(z.array(glob)), deny: z.optional(z.array(glob)) })),
    'Which paths the work may touch; `.github/**` is always denied unless allowed here by name',
  ),
  diff: z.optional(
    z.strictObject({
      files: z.optional(z.int().check(z.positive())),
      lines: z.optional(z.int().check(z.positive())),
    }),
  ),
  run: described(z.optional(z.array(command).check(z.maxLength(5))), 'Commands that must pass on the finished work'),
  waive: described(
    z.optional(z.array(z.enum(waivableGuards)).check(z.minLength(1))),
    'Which of these guards a maintainer may set aside for work that they withheld, with `/agent deliver`; paths that are protected everywhere stay so',
  ),
  tests: described(
    z.optional(z.enum(['name', 'withhold'])),
    'Work that deletes, skips or weakens tests: withhold it, or only name it to the reader, which is the rule',
  ),
})
export type Guards = z.infer<typeof guardsSchema>

export const effortSchema = z.enum(['minimal', 'low', 'medium', 'high'])

const hosts = z.array(z.string().check(z.minLength(1), z.maxLength(200)))
const setupMinutes = z.int().check(z.minimum(1), z.maximum(60))
const setup = z.strictObject({
  run: command,
  network: described(
    z._default(hosts, []),
    'Hosts that it may reach: `pypi.org`, `*.example.org`, `mirror.example.org:8443`; `registry` for the package registries',
  ),
  'timeout-minutes': z._default(setupMinutes, 10),
})

const issueLabel = withExample(
  z
    .string()
    .check(
      z.regex(
        /^(?!agent\/|promotion:)[^\s,](?:[^,\p{Cc}]{0,48}[^\s,])?$/u,
        'not a label; expected at most 50 characters, no comma, and not agent/… or promotion: …; for example triage',
      ),
    ),
  'triage',
)

const runMinutes = z.int().check(z.minimum(1), z.maximum(350))
const fields = {
  summary: withExample(sentence, 'Refactor what this pull request touches', 'What it does, in one line of a list'),
  value: withExample(name, 'quality', 'The value it serves'),
  access: described(
    z._default(z.enum(['triage', 'write', 'maintain']), 'write'),
    'What somebody needs on GitHub to start it',
  ),
  on: onSchema,
  inputs: described(z._default(z.record(inputName, inputSchema), {}), 'What a command may give it'),
  setup: described(z.optional(setup), 'Runs once before any model call and without any key'),
  when: described(
    z.optional(whenSchema),
    'Whether there is anything to do; where not, the run ends before any model is called',
  ),
  model: described(z.optional(modelName), 'The model of its agents that name none'),
  effort: described(z.optional(effortSchema), 'How hard a model that reasons is asked to think'),
  steps: described(z.array(stepSchema).check(z.minLength(1), z.maxLength(20)), 'What it does, in this order'),
  guards: described(z._default(guardsSchema, {}), 'What the work must satisfy before it is delivered'),
  deliver: withExample(deliveryKindSchema, 'commit', 'What it hands over'),
  labels: described(
    z._default(z.array(issueLabel).check(z.maxLength(10)), []),
    'Of the issue that it opens; `agent/…` is left to people, who judge by it',
  ),
  approve: described(
    z._default(z.boolean(), false),
    'Shows the finished work in the session’s comment and delivers it only after `/agent deliver`',
  ),
  cap: described(workflowCapSchema, 'The most that one session may cost'),
  floor: described(
    z.optional(z.strictObject({ usd })),
    'The least it is worth starting with; a tenth of the cap when left out',
  ),
  'timeout-minutes': described(z._default(runMinutes, 30), 'Minutes until the run is ended'),
}

/** Written by promotions, newest last; whoever lays a variant over the workflow does not inherit it. */
const credit = described(
  z.optional(
    z
      .array(
        z.strictObject({
          squad: described(name, 'The squad that worked it out'),
          variant: withExample(name, 'tests-first', 'The variant that it came as'),
          since: day,
        }),
      )
      .check(z.maxLength(50)),
  ),
  'Which squads’ variants became this workflow',
)

export const workflowSchema = described(z.strictObject({ name, ...fields, credit }), 'A named workflow of the catalog')
export type Workflow = z.infer<typeof workflowSchema>

/** `guards.run`: keys joined by dots. A key that is empty by mistake is thus never taken for one to leave out. */
const without = (example: string[]) =>
  withExample(
    z.optional(
      z
        .array(
          z
            .string()
            .check(
              z.regex(
                /^[a-z][a-z-]*(\.[a-z][a-z-]*){0,3}$/,
                'not a key; expected keys joined by dots; for example guards.run',
              ),
            ),
        )
        .check(z.minLength(1), z.maxLength(20)),
    ),
    example,
    'Keys of the baseline that it does not have',
  )

/**
 * A step of an overlay: matched to the baseline's by `id`, with only the keys that differ. A new `id` needs a whole
 * step and stands last, or where `before` or `after` puts it. `remove: true` takes a step out, `without` some of its keys.
 */
const stepOverlaySchema = z.lazy(() =>
  z.strictObject({
    id: stepId,
    remove: described(z.optional(z.literal(true)), 'Takes the step out'),
    before: described(z.optional(stepId), 'Puts the step before the one of this id'),
    after: described(z.optional(stepId), 'Puts the step after the one of this id'),
    without: without(['until']),
    agent: z.optional(agentStepSchema.shape.agent),
    prompt: z.optional(prompt),
    share: z.optional(share),
    turns: z.optional(turns),
    until: z.optional(
      z.strictObject({
        run: z.optional(command),
        attempts: z.optional(attempts),
        'timeout-minutes': z.optional(commandMinutes),
      }),
    ),
    run: z.optional(command),
    'on-failure': z.optional(onFailure),
    'timeout-minutes': z.optional(commandMinutes),
    when: stepWhen,
    output: z.optional(outputSchema),
    workflow: z.optional(workflowName),
    inputs: z.optional(nestedInputs),
  }),
)

/** `variants/<name>.yml`: only the keys that differ from the baseline. */
export const variantSchema = z.lazy(() =>
  described(
    z.strictObject({
      summary: fields.summary,
      squad: described(z.optional(name), 'The squad that proposes it and gets the credit'),
      without: without(['guards.run']),
      model: fields.model,
      effort: fields.effort,
      setup: z.optional(
        z.strictObject({
          run: z.optional(command),
          network: z.optional(hosts),
          'timeout-minutes': z.optional(setupMinutes),
        }),
      ),
      when: fields.when,
      steps: described(
        z.optional(z.array(stepOverlaySchema).check(z.maxLength(20))),
        'Matched by `id`; `remove: true` takes one out',
      ),
      guards: z.optional(guardsSchema),
      approve: z.optional(z.boolean()),
      cap: z.optional(workflowCapSchema),
      'timeout-minutes': z.optional(runMinutes),
    }),
    'A variant: an overlay over a workflow, with only the keys that differ',
  ),
)
export type Variant = z.infer<typeof variantSchema>

/** What an agent, and whatever it starts, may reach; the workflow's own commands are not bound by it. */
export const agentSandboxSchema = z.strictObject({
  write: described(
    z._default(z.boolean(), true),
    'false: neither its tools nor anything it starts can change the workspace',
  ),
  hosts: described(
    z._default(hosts, []),
    'Hosts that its commands and the programs of its MCP servers may reach, out of those that `setup.network` of the workflow names',
  ),
})
export type AgentSandbox = z.infer<typeof agentSandboxSchema>

/** Front matter of `catalog/agents/<name>.agent.md`; the Markdown below it is the agent's system text. */
export const toolNames = ['read', 'list', 'search', 'edit', 'write', 'run'] as const
export const agentFrontMatterSchema = described(
  z.strictObject({
    name,
    description: sentence,
    tools: z._default(z.array(z.enum(toolNames)).check(z.minLength(1)), [...toolNames]),
    model: described(z.optional(modelName), 'Its own model, which comes before the workflow’s'),
    effort: fields.effort,
    skills: described(
      z.optional(z.array(name).check(z.minLength(1), z.maxLength(5))),
      'Folders below catalog/skills with a SKILL.md: it is told what each is for and reads one when it needs it',
    ),
    delegates: described(
      z.optional(z.array(name).check(z.minLength(1), z.maxLength(5))),
      'Agents that it may give parts of its work to, out of the same hold; each answers it and nobody else',
    ),
    'mcp-servers': described(
      z.optional(mcpServersSchema),
      'Servers of the Model Context Protocol whose tools it may use, those listed alone; at most five',
    ),
    sandbox: described(z.optional(agentSandboxSchema), 'What it may not reach, or may besides the workspace'),
    runtime: described(
      z.optional(runtimeSchema),
      'A command-line agent that carries it out instead of Purser’s own loop, under the same cap; it has to be installed',
    ),
  }),
  'An agent: a primitive that any workflow may name',
)
export type AgentFrontMatter = z.infer<typeof agentFrontMatterSchema>
