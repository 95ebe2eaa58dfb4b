/** The units that configuration is written in. Each schema takes what a person writes and yields exact integers. */
import { z } from 'zod/mini'
import { parseUsd } from '../money/money.ts'
import { withExample } from './with-example.ts'

// What a schema says of itself stands on what is written, before any transform: there editors and messages find it.

const amount = (message: string, description: string, example: number) =>
  z.pipe(
    withExample(z.union([z.number(), z.string()], message), example, description),
    z.transform((written, context) => {
      const microUsd = parseUsd(String(written))
      if (microUsd !== undefined) return microUsd
      context.issues.push({ code: 'custom', message, input: written })
      return z.NEVER
    }),
  )

const NOT_USD = 'not an amount; expected US dollars above zero with at most six decimal places; for example 2.50'

/** US dollars as a number or decimal text of at most six places, from `0.000001` up; yields micro-USD. */
export const usd = amount(NOT_USD, 'US dollars, at most six decimal places', 2.5).check(
  z.refine((microUsd) => microUsd > 0n, NOT_USD),
)

/** A price may be zero (a model of one's own). Yields micro-USD per million tokens. */
export const usdPerMillionTokens = amount(
  'not a price; expected US dollars per million tokens with at most six decimal places; for example 0.20',
  'US dollars per million tokens',
  0.2,
)

const TOKENS_MAX = 1_000_000_000_000
const NOT_TOKENS = 'not a number of tokens; expected a whole number above zero; for example 2_000_000'

/**
 * A number of tokens. `2_000_000` is text to YAML 1.2 and a number to YAML 1.1; both mean the same here, so that
 * an editor's reading never differs from Purser's.
 */
export const tokens = z
  .pipe(
    withExample(
      z.union([z.number(), z.string().check(z.regex(/^\d{1,3}(_\d{3})*$/, NOT_TOKENS))], NOT_TOKENS),
      '2_000_000',
      'A number of tokens',
    ),
    z.transform((written) => Number(String(written).replaceAll('_', ''))),
  )
  .check(z.refine((count) => Number.isSafeInteger(count) && count > 0 && count <= TOKENS_MAX, NOT_TOKENS))

const NOT_PERCENT = 'not a percentage; expected 0% to 100%; for example 80%'

/** `80%` -> 8000 basis points; whole percents or up to two decimal places. */
export const percent = z.pipe(
  withExample(
    z.string(NOT_PERCENT).check(z.regex(/^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)%$/, NOT_PERCENT)),
    '80%',
    'A percentage from 0% to 100%',
  ),
  z.transform((written) => toThousandths(written.slice(0, -1), 2)),
)

const NOT_TIMES = 'not a multiple; expected a number with x; for example 1.25x'

/** `1.25x` -> 1250 thousandths; at least 1x would forbid tightening, so anything above zero is taken. */
export const times = z
  .pipe(
    withExample(z.string(NOT_TIMES).check(z.regex(/^\d{1,3}(\.\d{1,3})?x$/, NOT_TIMES)), '1.25x', 'A multiple'),
    z.transform((written) => toThousandths(written.slice(0, -1), 3)),
  )
  .check(z.refine((thousandths) => thousandths > 0, 'a multiple of zero; expected more than 0x; for example 2x'))

const NOT_DAY = 'not a day; expected year-month-day; for example 2026-12-31'

/** A calendar day, `2026-12-31`; yields the text unchanged, since its meaning depends on the declared time zone. */
export const day = withExample(
  z.string(NOT_DAY).check(z.regex(/^\d{4}-\d{2}-\d{2}$/, NOT_DAY), z.refine(isCalendarDay, NOT_DAY)),
  '2026-12-31',
  'A day',
)

/** The name of a workflow, variant, portfolio, squad or agent. */
export const name = withExample(
  z
    .string()
    .check(
      z.maxLength(50, 'a name of more than 50 characters; expected a short one; for example refactor+tests'),
      z.regex(
        /^[a-z][a-z0-9]*([-+][a-z0-9]+)*$/,
        'not a name; expected lower-case letters, digits, "-" and "+"; for example refactor+tests',
      ),
    ),
  'refactor+tests',
)

export const glob = withExample(
  z.string().check(z.minLength(1), z.maxLength(200)),
  'services/payments/**',
  'A path pattern',
)

/** The name of a model as its provider writes it. */
export const modelName = withExample(z.string().check(z.minLength(1), z.maxLength(100)), 'gpt-5-mini')

/** A sentence that people read. */
export const sentence = withExample(
  z.string().check(z.trim(), z.minLength(3), z.maxLength(300)),
  'Safer, faster refactors',
)

/** Of `2026-02-28`; `Date.parse` takes the 30th of February for the 2nd of March. */
export function isCalendarDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

function toThousandths(decimal: string, places: number): number {
  const [whole = '0', fraction = ''] = decimal.split('.')
  return Number(whole) * 10 ** places + Number(fraction.padEnd(places, '0') || '0')
}
