/**
 * Which side of a trial a subject is on where nobody chose: a declared share of subjects, by a hash that anybody can
 * recompute. `printf 'refactor+tests pull-request:12' | sha256sum` gives it; its first 13 hex digits as a number, modulo
 * 10,000, are the bucket. The variants of a family take their shares of the buckets from 0 on, in the order in which
 * `trials` declares them; the baseline has the rest.
 */
import { z } from 'zod/mini'
import type { Configuration } from '../config/configuration.ts'
import type { PortfoliosFile } from '../config/portfolios.ts'
import type { Refusal } from '../reason.ts'
import type { Subject } from './plan.ts'

/** As a variant's name: the baseline itself, whatever the hash says. No variant may have the name. */
export const BASELINE = 'baseline'
/** A basis point each. */
export const BUCKETS = 10_000
/** 52 bits, which a number holds exactly. */
const HEX_DIGITS = 13

const bucket = z.int().check(z.minimum(0), z.maximum(BUCKETS))

/** What the hash was made of, the subject's bucket, and those of the side it fell to: `from` to below `below`. */
export const assignedSchema = z.object({
  text: z.string().check(z.maxLength(400)),
  bucket,
  from: bucket,
  below: bucket,
})
export type Assigned = z.infer<typeof assignedSchema>

/** SHA-256 in hex: computed outside, since nothing here imports a runtime's modules. */
export type Sha256Hex = (text: string) => string

export interface Share {
  readonly variant: string
  /** Of 10,000. */
  readonly share: number
}

interface Asked {
  readonly workflow: string
  readonly variant?: string | undefined
  readonly assigned?: Assigned | undefined
}

/** The request with the side that the hash gives it; unchanged where somebody chose, or nothing is on trial. */
export function assignSide<Request extends Asked>(
  { portfolios }: Pick<Configuration, 'portfolios'>,
  request: Request,
  subject: Subject,
  sha256Hex: Sha256Hex,
): Request {
  // A local checkout has nothing to be known by again.
  if (request.variant !== undefined || subject.kind === 'local') return request
  const shares = sharesOf(portfolios, request.workflow)
  if (shares.length === 0) return request
  const assigned = assignmentOf(shares, request.workflow, subjectKeyOf(subject, request.workflow), sha256Hex)
  return { ...request, ...assigned }
}

/** `variant` is left out for the baseline. */
export function assignmentOf(
  shares: readonly Share[],
  workflow: string,
  subjectKey: string,
  sha256Hex: Sha256Hex,
): { readonly variant?: string; readonly assigned: Assigned } {
  const text = `${workflow} ${subjectKey}`
  const bucket = Number.parseInt(sha256Hex(text).slice(0, HEX_DIGITS), 16) % BUCKETS
  let from = 0
  for (const { variant, share } of shares) {
    const below = from + share
    if (bucket < below) return { variant, assigned: { text, bucket, from, below } }
    from = below
  }
  return { assigned: { text, bucket, from, below: BUCKETS } }
}

/** The variants of a workflow that its portfolio assigns, in the order in which they are declared. */
export function sharesOf({ portfolios }: Pick<PortfoliosFile, 'portfolios'>, workflow: string): readonly Share[] {
  const portfolio = Object.values(portfolios).find(({ workflows }) => workflows.includes(workflow))
  return Object.entries(portfolio?.trials ?? {}).flatMap(([name, share]) => {
    const [family, variant] = name.split('/')
    return family === workflow && variant !== undefined ? [{ variant, share }] : []
  })
}

/** One word for the subject within its repository, as the ledger and the records name it. */
export function subjectKeyOf({ kind, number, headSha }: Subject, workflow: string): string {
  // Two workflows may look at one commit at the same time: nothing they deliver meets.
  return number === undefined ? `${kind}:${headSha}:${workflow}` : `${kind}:${number}`
}

/** Whoever did not choose a variant is told how to do without it. */
export function withWayOut(refusal: Refusal, { workflow, variant, assigned }: Asked): Refusal {
  if (assigned === undefined || variant === undefined) return refusal
  const todo = `The variant \`${variant}\` was assigned here; \`/agent ${workflow}/${BASELINE}\` runs the baseline instead.`
  return { ...refusal, todo: `${refusal.todo} ${todo}` }
}
