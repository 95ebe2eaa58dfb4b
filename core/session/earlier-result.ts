import { z } from 'zod/mini'

/** What an earlier run of the same session came to, for a later one to be shown. */
export const earlierResultSchema = z.object({
  workflow: z.string().check(z.maxLength(100)),
  variant: z.optional(z.string().check(z.maxLength(100))),
  conclusion: z.string().check(z.maxLength(20)),
  title: z.string().check(z.maxLength(300)),
  body: z.string().check(z.maxLength(20_000)),
})
export type EarlierResult = z.infer<typeof earlierResultSchema>
export const EARLIER_RESULTS_MAX = 10
