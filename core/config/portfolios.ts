/** `.github/purser/portfolios.yml`: what a repository pays for, how much, and how its work is judged. */
import { z } from 'zod'
import { outcomeSchema } from '../run.ts'
import { day, glob, modelName, name, percent, sentence, times, tokens, usd, usdPerMillionTokens } from './units.ts'

/** The measures that GitHub's facts can feed; a value names one of them. */
export const measureNames = ['rework-and-reverts', 'first-run-to-merge', 'incident-open-hours'] as const

const valueSchema = z.strictObject({
  measure: z.enum(measureNames).describe('How the value shows in GitHub facts'),
  label: z
    .string()
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'The label that marks the issues that the measure looks at', examples: ['incident'] }),
})

export const priceSchema = z.strictObject({
  input: usdPerMillionTokens,
  cached: usdPerMillionTokens.optional().describe('Input read from the provider’s cache; as `input` when left out'),
  output: usdPerMillionTokens,
})

const modelsSchema = z.strictObject({
  default: modelName.optional().describe('The model of every agent that names none'),
  prices: z.record(modelName, priceSchema).default({}).describe('Prices of your own, over the kept list'),
})

const moneySchema = z.strictObject({ usd })
const capSchema = z.strictObject({ usd, tokens: tokens.optional() })

/** How a lowered budget takes effect: with the next period, or at once with a reason. */
const nowSchema = sentence.meta({
  description: 'Why a lower budget takes effect at once instead of with the next period',
  examples: ['The grant ended early'],
})

const wasSchema = name.optional().meta({ description: 'Its name before it was renamed', examples: ['cleanup'] })

const portfolioSchema = z.strictObject({
  purpose: sentence.describe('What this money is for, in a few words, shown with every quote'),
  value: name.meta({
    description: 'One of the declared values, the same for all workflows of the portfolio',
    examples: ['quality'],
  }),
  workflows: z.array(name).min(1).max(50).describe('The workflows it pays for, which belong to no other portfolio'),
  budget: z.strictObject({ usd, per: z.enum(['week', 'month']), now: nowSchema.optional() }),
  cap: moneySchema.optional().describe('The most that one session may cost, where the workflow’s own cap is not less'),
  'confirm-over': moneySchema
    .optional()
    .describe('Above this cap a run is quoted first and goes on only after `/agent go`'),
  overrides: z
    .strictObject({
      cap: times.optional().describe('How many times the cap a command may ask for'),
      models: z.array(modelName).min(1).optional().describe('The models that a command may ask for'),
    })
    .default({}),
  enforce: z
    .enum(['record', 'quote', 'cap'])
    .default('cap')
    .describe('record: only keep the books; quote: also show prices; cap: also refuse when there is no room'),
  'high-cost': sentence.optional().meta({
    description: 'Why dear runs are right here; shown with every quote and result',
    examples: ['Incidents justify deep context.'],
  }),
  was: wasSchema,
})

// What most repositories do not declare is `lazy`: its schema is made when a file has it, which spares every job some
// milliseconds.
const grantSchema = z.lazy(() =>
  z
    .union(
      [z.strictObject({ tokens }), z.strictObject({ usd })],
      'not one of tokens and usd; expected an amount of the one or the other; for example { tokens: 2_000_000 }',
    )
    .meta({ examples: [{ tokens: '2_000_000' }] }),
)

const reason = sentence.meta({ description: 'The reason', examples: ['PSP migration'] })
const extraSchema = z.lazy(() =>
  z.union(
    [z.strictObject({ tokens, reason, until: day }), z.strictObject({ usd, reason, until: day })],
    'not one of tokens and usd; expected an amount, a reason and an end; for example { tokens: 1_000_000, reason: PSP migration, until: 2027-01-31 }',
  ),
)

const explorationSchema = z.lazy(() =>
  z.strictObject({
    sprint: z.strictObject({
      days: z
        .int()
        .min(1)
        .max(90)
        .meta({ examples: [14] }),
      from: day,
    }),
    'every-squad': grantSchema.describe('The floor of every squad’s sprint, the same for all'),
    squads: z
      .record(
        name,
        z.strictObject({
          paths: z.array(glob).min(1).describe('Where the squad works'),
          extra: z.array(extraSchema).default([]).describe('What it has for a while beyond the floor, and why'),
          was: wasSchema,
        }),
      )
      .describe('The squads by name'),
  }),
)

const experimentSchema = z.lazy(() =>
  z.strictObject({
    project: sentence.meta({ description: 'What it is for', examples: ['Split the billing monolith'] }),
    scope: z.strictObject({ paths: z.array(glob).min(1) }).describe('What it may touch, which is enforced'),
    ends: day,
    budget: moneySchema,
    metering: z
      .enum(['metered', 'flat-rate'])
      .default('metered')
      .describe('flat-rate: logged with a shadow price instead of a metered one'),
    success: z
      .strictObject({
        runs: z
          .int()
          .positive()
          .max(1000)
          .meta({ examples: [15] }),
        accepted: percent,
      })
      .optional()
      .describe('When it counts as a success and its workflow may enter the catalog'),
    extended: z.strictObject({ until: day, reason }).optional().describe('The one extension it may have'),
    was: wasSchema,
  }),
)

/** Conditions of an outcome rule; all that are given must hold. */
export const outcomeConditionSchema = z.lazy(() =>
  z
    .strictObject({
      label: z
        .string()
        .min(1)
        .max(50)
        .optional()
        .meta({
          description: 'The pull request or issue carries this label, set by somebody with write access',
          examples: ['agent/rejected'],
        }),
      merged: z.boolean().optional(),
      closed: z.boolean().optional().describe('Closed without a merge'),
      reverted: z.boolean().optional(),
      checks: z.enum(['success', 'failure']).optional().describe('The checks on the delivered head'),
      review: z.enum(['approved', 'changes-requested']).optional(),
      'after-days': z.int().min(1).max(90).optional().describe('That many days have gone by since the run ended'),
    })
    .refine(
      (when) => Object.keys(when).length > 0,
      'no condition; expected at least one; for example { merged: true }',
    ),
)

export const outcomeRuleSchema = z.lazy(() =>
  z.strictObject({
    outcome: outcomeSchema.exclude(['pending']),
    when: outcomeConditionSchema.meta({ examples: [{ label: 'agent/rejected' }] }),
  }),
)
export type OutcomeRule = z.infer<typeof outcomeRuleSchema>

export const portfoliosSchema = z
  .strictObject({
    version: z.literal(1).describe('The version of this format'),
    inherit: z
      .enum(['organisation', 'none'])
      .default('none')
      .describe('Whether the organisation’s layer lies below this one'),
    'time-zone': z
      .string()
      .default('UTC')
      .refine(isTimeZone, 'not a time zone; expected an IANA name; for example Europe/Berlin')
      .meta({ description: 'Where days, weeks and months begin and end', examples: ['Europe/Berlin'] }),
    'without-app': z
      .enum(['caps', 'refuse'])
      .default('caps')
      .describe('What the Action does where no App is set: keep per-run caps alone, or refuse'),
    values: z.record(name, valueSchema).default({}).describe('What the work is good for, at most seven'),
    models: modelsSchema.default({ prices: {} }).describe('The default model, and prices'),
    portfolios: z.record(name, portfolioSchema).default({}).describe('Small bundles of workflows with one budget each'),
    exploration: explorationSchema.optional().describe('The protected budget that every squad has for trying variants'),
    experiments: z.record(name, experimentSchema).default({}).describe('Time-boxed work off the catalog'),
    outcomes: z
      .array(outcomeRuleSchema)
      .max(50)
      .default([])
      .describe('First match wins; tried before the built-in list'),
  })
  .describe('What this repository pays for, how much, and how the work is judged')

export type PortfoliosFile = z.infer<typeof portfoliosSchema>
export type Portfolio = z.infer<typeof portfolioSchema>
export type Exploration = z.infer<typeof explorationSchema>
export type Experiment = z.infer<typeof experimentSchema>

/** The cap of a workflow or a variant. */
export const workflowCapSchema = capSchema

function isTimeZone(text: string): boolean {
  // What most repositories have; asking would load the time zones, which costs a job's start more than all the rest here.
  if (text === 'UTC') return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}
