/** The units that configuration is written in. Each schema takes what a person writes and yields exact integers. */
import { z } from 'zod'
import { parseUsd } from '../money.ts'

/** US dollars as a number or decimal text of at most six places, from `0.000001` up; yields micro-USD. */
export const usd = z
  .union([z.number().nonnegative(), z.string()])
  .transform((written, context) => {
    const microUsd = parseUsd(String(written))
    if (microUsd === undefined || microUsd === 0n) {
      context.addIssue({ code: 'custom', message: 'not an amount; expected US dollars above zero; for example 2.50' })
      return z.NEVER
    }
    return microUsd
  })
  .describe('US dollars, at most six decimal places; for example 2.50')

/** A price may be zero (a model of one's own); USD per million tokens, which is micro-USD per token. */
export const usdPerMillionTokens = z
  .union([z.number().nonnegative(), z.string()])
  .transform((written, context) => {
    const microUsd = parseUsd(String(written))
    if (microUsd === undefined) {
      context.addIssue({
        code: 'custom',
        message: 'not a price; expected US dollars per million tokens; for example 0.20',
      })
      return z.NEVER
    }
    return microUsd
  })
  .describe('US dollars per million tokens; for example 0.20')

export const tokens = z.int().positive().max(1_000_000_000_000).describe('A number of tokens; for example 2_000_000')

/** `80%` -> 8000 basis points; whole percents or up to two decimal places. */
export const percent = z
  .string()
  .regex(/^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)%$/, 'not a percentage; expected 0% to 100%; for example 80%')
  .transform((written) => toThousandths(written.slice(0, -1), 2))
  .describe('A percentage from 0% to 100%; for example 80%')

/** `1.25x` -> 1250 thousandths; at least 1x would forbid tightening, so anything above zero is taken. */
export const times = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,3})?x$/, 'not a multiple; expected a number with x; for example 1.25x')
  .transform((written) => toThousandths(written.slice(0, -1), 3))
  .refine((thousandths) => thousandths > 0, 'a multiple of zero; expected more than 0x; for example 2x')
  .describe('A multiple; for example 1.25x')

/** A calendar day, `2026-12-31`; yields the text unchanged, since its meaning depends on the declared time zone. */
export const day = z
  .union([z.string(), z.date()])
  .transform((written) => (written instanceof Date ? written.toISOString().slice(0, 10) : written))
  .refine((text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)), {
    message: 'not a day; expected year-month-day; for example 2026-12-31',
  })
  .describe('A day; for example 2026-12-31')

/** The name of a workflow, variant, portfolio, squad or agent. */
export const name = z
  .string()
  .max(50, 'a name of more than 50 characters; expected a short one; for example refactor+tests')
  .regex(
    /^[a-z][a-z0-9]*([-+][a-z0-9]+)*$/,
    'not a name; expected lower-case letters, digits, "-" and "+"; for example refactor+tests',
  )

export const glob = z.string().min(1).max(200).describe('A path pattern; for example services/payments/**')

/** A sentence that people read. */
export const sentence = z.string().trim().min(3).max(300)

function toThousandths(decimal: string, places: number): number {
  const [whole = '0', fraction = ''] = decimal.split('.')
  return Number(whole) * 10 ** places + Number(fraction.padEnd(places, '0') || '0')
}
