/**
 * A request that somebody else's program wrote, and what it can cost at most. Only what is named in the schemas beside
 * this file is let through: a field that is not known may change the price. The bound of the input rests on the same
 * grounds as `input-bound.ts`: no token stands for less than one byte of text.
 */
import type { z } from 'zod/mini'
import { jsonTokensBound, MESSAGE_TOKENS, REQUEST_TOKENS } from '../money/input-bound.ts'

/**
 * The interfaces whose calls can be bounded: OpenAI's Responses and Anthropic's Messages. Chat completions are not among
 * them: no agent here speaks them, and some providers say in every chunk what is used so far, which can pass for the end.
 */
export type Api = 'responses' | 'messages'

/** A part of a request. Two parts of the same `text` are the same to the provider. */
export interface Part {
  readonly text: string
  readonly tokensBound: number
}

export interface BoundedRequest {
  readonly model: string
  readonly stream: boolean
  /** The output limit that it carries, where it carries one. */
  readonly outputTokensAsked: number | undefined
  /** Everything but the conversation: instructions, tools, settings. */
  readonly frame: Part
  /** The conversation, one part for each of its items. */
  readonly items: readonly Part[]
}

export interface Unbounded {
  /** What about it can't be bounded, in words for whoever sent it. */
  readonly problem: string
}

/** A request as it may be sent. */
export interface LimitedRequest {
  readonly body: object
  /** It is read as it was asked; else what the provider counts of it says nothing of what was asked. */
  readonly isReadAsAsked: boolean
}

/**
 * Reasoning that a provider handed out sealed: the text can't be seen, so its bytes say nothing of its tokens. Answers the
 * most tokens of the answer that it came in; undefined for a seal that came in none.
 */
export type SealedTokens = (seal: string) => number | undefined

/** `renderedAnew`: what the provider writes down in a form of its own, and so counts double. */
export function framePart(rest: object, renderedAnew: object): Part {
  const text = JSON.stringify([rest, renderedAnew])
  return { text, tokensBound: REQUEST_TOKENS + jsonTokensBound(rest) + 2 * jsonTokensBound(renderedAnew) }
}

/** `pieces`: into how many the provider may take the item apart. */
export function itemPart(item: unknown, pieces: number, renderedAnew: readonly unknown[], sealedTokens: number): Part {
  const anew = renderedAnew.length === 0 ? 0 : jsonTokensBound(renderedAnew)
  return {
    text: JSON.stringify(item),
    tokensBound: jsonTokensBound(item) + anew + sealedTokens + MESSAGE_TOKENS * Math.max(1, pieces),
  }
}

/** The tokens of all these seals, or the problem that one of them is of no answer that is known. */
export function sumSealed(seals: readonly string[], sealedTokens: SealedTokens): number | Unbounded {
  let sum = 0
  for (const seal of seals) {
    const tokens = sealedTokens(seal)
    if (tokens === undefined) return { problem: 'it repeats sealed reasoning that came in no answer of this step' }
    sum += tokens
  }
  return sum
}

/** Which field was not let through, in words. */
export function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  const issue = deepest(issues)
  if (issue === undefined) return 'it is not a request of this interface'
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => `\`${path === '' ? '' : `${path}.`}${key.slice(0, 60)}\``)
    return `${names.slice(0, 5).join(', ')} ${names.length === 1 ? 'is' : 'are'} not let through`
  }
  return path === '' ? 'it is not a request of this interface' : `\`${path}\` has a value that is not let through`
}

/** Of the alternatives of a union, the one that fitted furthest says most. */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  let found: z.core.$ZodIssue | undefined
  for (const issue of issues) {
    const inner = issue.code === 'invalid_union' ? deepest(issue.errors.flat()) : undefined
    const said = inner === undefined ? issue : { ...inner, path: [...issue.path, ...inner.path] }
    if (found === undefined || said.path.length > found.path.length) found = said
  }
  return found
}
