/** `.github/purser/portfolios.yml`: what a repository pays for, how much, and how its work is judged. */
import { z } from 'zod/mini'
import { measureNames } from '../outcome/value-measure.ts'
import { endpointSchema } from '../plan/endpoint.ts'
import { described } from './described.ts'
import { day, glob, modelName, name, percent, sentence, times, tokens, usd, usdPerMillionTokens } from './units.ts'
import { withExample } from './with-example.ts'

const label = z.optional(z.string().check(z.minLength(1), z.maxLength(50)))

const valueSchema = z.strictObject({
  measure: described(z.enum(measureNames), 'How the value shows in GitHub facts'),
  label: withExample(label, 'incident', 'The label that marks the issues that the measure looks at'),
})

export const priceSchema = z.strictObject({
  input: usdPerMillionTokens,
  cached: described(z.optional(usdPerMillionTokens), 'Input read from the provider’s cache; as `input` when left out'),
  written: described(
    z.optional(usdPerMillionTokens),
    'Input written into the provider’s cache, where that costs something else; as `input` when left out',
  ),
  output: usdPerMillionTokens,
})

/** Less than this can't hold an agent's first request and an answer. */
const CONTEXT_TOKENS_MIN = 2_000
const contextTokens = tokens.check(
  z.refine((count) => count >= CONTEXT_TOKENS_MIN, 'too small; expected at least 2_000 tokens; for example 32_768'),
)

const modelsSchema = z.strictObject({
  default: described(z.optional(modelName), 'The model of every agent that names none'),
  prices: described(z._default(z.record(modelName, priceSchema), {}), 'Prices of your own, over the kept list'),
  endpoint: z.optional(endpointSchema),
  context: described(
    z.optional(z.record(modelName, contextTokens)),
    'What a model reads at most, in tokens; a conversation that comes near it is shortened once',
  ),
})

const moneySchema = z.strictObject({ usd })
const capSchema = z.strictObject({ usd, tokens: z.optional(tokens) })

/** How a lowered budget takes effect: with the next period, or at once with a reason. */
const nowSchema = withExample(
  sentence,
  'The grant ended early',
  'Why a lower budget takes effect at once instead of with the next period',
)

const NAMES_BEFORE_MAX = 20
const NOT_NAMES = `not a name or several; expected its name before it was renamed, or at most ${NAMES_BEFORE_MAX}, the newest first; for example [tidying, cleanup]`
/** Yields all of them, the newest first. */
const wasSchema = z.optional(
  z.pipe(
    withExample(
      z.union([name, z.array(name).check(z.minLength(1), z.maxLength(NAMES_BEFORE_MAX))], NOT_NAMES),
      'cleanup',
      'Its name before it was renamed; several, the newest first, where it was renamed more than once: `[tidying, cleanup]`',
    ),
    z.transform((written): readonly string[] => (typeof written === 'string' ? [written] : written)),
  ),
)

/** Variant -> its share of the subjects on which nobody chose, in basis points; the baseline has the rest. */
const trialsSchema = z.lazy(() =>
  z.record(
    withExample(
      z
        .string()
        .check(
          z.regex(
            /^[a-z][a-z0-9]*([-+][a-z0-9]+)*\/[a-z][a-z0-9]*([-+][a-z0-9]+)*$/,
            'not a variant; expected <workflow>/<variant>; for example refactor+tests/tests-first',
          ),
          z.maxLength(101),
        ),
      'refactor+tests/tests-first',
    ),
    withExample(percent, '20%', 'Its share of the subjects on which nobody chose'),
  ),
)

const portfolioSchema = z.strictObject({
  purpose: described(sentence, 'What this money is for, in a few words, shown with every quote'),
  value: withExample(name, 'quality', 'One of the declared values, the same for all workflows of the portfolio'),
  workflows: described(
    z.array(name).check(z.minLength(1), z.maxLength(50)),
    'The workflows it pays for, which belong to no other portfolio',
  ),
  budget: z.strictObject({ usd, per: z.enum(['week', 'month']), now: z.optional(nowSchema) }),
  cap: described(
    z.optional(moneySchema),
    'The most that one session may cost, where the workflow’s own cap is not less',
  ),
  'confirm-over': described(
    z.optional(moneySchema),
    'Above this cap a run is quoted first and goes on only after `/agent go`',
  ),
  trials: described(z.optional(trialsSchema), 'Variants of its workflows that are assigned to a share of subjects'),
  overrides: z._default(
    z.strictObject({
      cap: described(z.optional(times), 'How many times the cap a command may ask for'),
      models: described(z.optional(z.array(modelName).check(z.minLength(1))), 'The models that a command may ask for'),
    }),
    {},
  ),
  enforce: described(
    z._default(z.enum(['record', 'quote', 'cap']), 'cap'),
    'record: only keep the books; quote: also show prices; cap: also refuse when there is no room',
  ),
  'high-cost': withExample(
    z.optional(sentence),
    'Incidents justify deep context.',
    'Why dear runs are right here; shown with every quote and result',
  ),
  'spend-per-accepted': withExample(
    z.optional(times),
    '2x',
    'With `high-cost`: its own ratio instead of that of `promotion.yml`, for the variants of its workflows',
  ),
  was: wasSchema,
})

// What most repositories do not declare is `lazy`: its schema is made when a file has it, which spares every job some
// milliseconds.
const grantSchema = z.lazy(() =>
  withExample(
    z.union(
      [z.strictObject({ tokens }), z.strictObject({ usd })],
      'not one of tokens and usd; expected an amount of the one or the other; for example { tokens: 2_000_000 }',
    ),
    { tokens: '2_000_000' },
  ),
)

const reason = withExample(sentence, 'PSP migration', 'The reason')
const extraSchema = z.lazy(() =>
  z.union(
    [
      z.strictObject({ tokens, reason, from: z.optional(day), until: day }),
      z.strictObject({ usd, reason, from: z.optional(day), until: day }),
    ],
    'not one of tokens and usd; expected an amount, a reason and an end; for example { tokens: 1_000_000, reason: PSP migration, until: 2027-01-31 }',
  ),
)

const explorationSchema = z.lazy(() =>
  z.strictObject({
    sprint: z.strictObject({ days: withExample(z.int().check(z.minimum(1), z.maximum(90)), 14), from: day }),
    'every-squad': described(grantSchema, 'The floor of every squad’s sprint, the same for all'),
    squads: described(
      z.record(
        name,
        z.strictObject({
          paths: described(z.array(glob).check(z.minLength(1)), 'Where the squad works'),
          extra: described(z._default(z.array(extraSchema), []), 'What it has for a while beyond the floor, and why'),
          was: wasSchema,
        }),
      ),
      'The squads by name',
    ),
  }),
)

const experimentSchema = z.lazy(() =>
  z.strictObject({
    project: withExample(sentence, 'Split the billing monolith', 'What it is for'),
    workflows: described(
      z._default(z.array(name).check(z.maxLength(50)), []),
      'The workflows that it pays for until it ends, which are in no portfolio',
    ),
    scope: described(
      z.strictObject({ paths: z.array(glob).check(z.minLength(1)) }),
      'What it may touch, which is enforced',
    ),
    ends: day,
    budget: moneySchema,
    metering: described(
      z._default(z.enum(['metered', 'flat-rate']), 'metered'),
      'flat-rate: the work is paid for otherwise, and its cost here is a shadow price; budget and caps hold all the same',
    ),
    success: described(
      z.optional(
        z.strictObject({
          runs: withExample(z.int().check(z.positive(), z.maximum(1000)), 15),
          accepted: percent,
        }),
      ),
      'When it counts as a success and its workflows may enter the catalog',
    ),
    extended: described(z.optional(z.strictObject({ until: day, reason })), 'The one extension it may have'),
    was: wasSchema,
  }),
)

const APP_SLUG = 'not the short name of an App; expected it as in github.com/apps/NAME; for example circleci-checks'
const checksSchema = z.strictObject({
  apps: described(
    z
      .array(
        withExample(
          z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,99}$/, APP_SLUG)),
          'circleci-checks',
          'An App by its short name',
        ),
      )
      .check(z.maxLength(20)),
    'The Apps whose checks and statuses count beside those of GitHub Actions',
  ),
})

/** Conditions of an outcome rule; all that are given must hold. */
export const outcomeConditionSchema = z.lazy(() =>
  z
    .strictObject({
      label: withExample(
        label,
        'agent/rejected',
        'The pull request or issue carries this label, set by somebody with write access',
      ),
      merged: z.optional(z.boolean()),
      closed: described(z.optional(z.boolean()), 'Closed without a merge'),
      'closed-as': described(
        z.optional(z.enum(['completed', 'not-planned'])),
        'How an issue was closed; a duplicate counts as not planned',
      ),
      reverted: z.optional(z.boolean()),
      rewritten: described(
        z.optional(percent),
        'Merged with at least this share of the delivered change’s lines no longer there',
      ),
      heeded: described(
        z.optional(z.boolean()),
        'Whether any line that a review commented on was changed before the merge',
      ),
      checks: described(
        z.optional(z.enum(['success', 'failure'])),
        'The checks on the delivered head, of GitHub Actions and of the Apps in `checks`',
      ),
      review: z.optional(z.enum(['approved', 'changes-requested'])),
      'after-days': described(
        z.optional(z.int().check(z.minimum(1), z.maximum(90))),
        'That many days have gone by since the run ended',
      ),
    })
    .check(
      z.refine(
        (when) => Object.keys(when).length > 0,
        'no condition; expected at least one; for example { merged: true }',
      ),
    ),
)

export const outcomeRuleSchema = z.lazy(() =>
  z.strictObject({
    outcome: z.enum(['accepted', 'reworked', 'rejected', 'unknown']),
    when: withExample(outcomeConditionSchema, { label: 'agent/rejected' }),
  }),
)
export type OutcomeRule = z.infer<typeof outcomeRuleSchema>

/** The organisation's layer as its default branch has it, or pinned to a commit of that branch. */
export const INHERITED = /^organisation(?:@([0-9a-f]{40}))?$/
const INHERIT =
  'not organisation, organisation@<commit> or none; expected one of these, the commit with all its 40 digits; for example organisation'

const portfoliosByName = z._default(z.record(name, portfolioSchema), {})
/** Who pays for what, whatever else stands in the file: of a layer that leans on the one below it as well. */
export const payingSchema = z.looseObject({ portfolios: portfoliosByName })

export const portfoliosSchema = described(
  z.strictObject({
    version: described(z.literal(1), 'The version of this format'),
    inherit: described(
      withExample(
        z._default(z.string().check(z.regex(/^(none|organisation(@[0-9a-f]{40})?)$/, INHERIT)), 'none'),
        'organisation',
      ),
      'Whether the organisation’s layer lies below this one: as its default branch has it, or as one commit of that has it',
    ),
    'time-zone': withExample(
      z
        ._default(z.string(), 'UTC')
        .check(z.refine(isTimeZone, 'not a time zone; expected an IANA name; for example Europe/Berlin')),
      'Europe/Berlin',
      'Where days, weeks and months begin and end',
    ),
    'without-app': described(
      z._default(z.enum(['caps', 'refuse']), 'caps'),
      'What the Action does where no App is set: keep per-run caps alone, or refuse',
    ),
    values: described(z._default(z.record(name, valueSchema), {}), 'What the work is good for, at most seven'),
    models: described(
      z._default(modelsSchema, { prices: {} }),
      'The default model, prices, and what the provider’s endpoint understands',
    ),
    portfolios: described(portfoliosByName, 'Small bundles of workflows with one budget each'),
    exploration: described(
      z.optional(explorationSchema),
      'The protected budget that every squad has for trying variants',
    ),
    experiments: described(z._default(z.record(name, experimentSchema), {}), 'Time-boxed work off the catalog'),
    review: described(
      z.optional(z.strictObject({ per: z.enum(['week', 'month']) })),
      'Opens an issue after each week or month: what the portfolios cost and what came of it',
    ),
    checks: described(
      z._default(checksSchema, { apps: [] }),
      'Whose check runs and commit statuses say something of the work',
    ),
    outcomes: described(
      z._default(z.array(outcomeRuleSchema).check(z.maxLength(50)), []),
      'First match wins; tried before the built-in list',
    ),
  }),
  'What this repository pays for, how much, and how the work is judged',
)

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
