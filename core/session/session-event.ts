/**
 * What happened in a run, as a log that is only ever appended to: one event a line, numbered without gaps from 0. The runner
 * writes it to its disk and sends it to the App; `purser replay` plays it again. Everything in it is redacted, every text is
 * bounded, and nothing in it says who asked, said or decided anything.
 */
import { z } from 'zod/mini'
import { overrideNames } from '../command/command.ts'
import { effortSchema } from '../config/workflow.ts'
import { callSchema } from '../money/call.ts'
import { subjectSchema } from '../plan/plan.ts'
import { reasonCodes } from '../reason.ts'
import { stepReportSchema } from '../run/report.ts'
import { conclusionSchema } from '../run/run.ts'
import { microUsdWire } from '../wire.ts'
import { EARLIER_RESULTS_MAX, earlierResultSchema } from './earlier-result.ts'
import { EVENT_TEXT_CHARACTERS_MAX, EVENTS_MAX, SAID_CHARACTERS_MAX, TOOL_CALLS_MAX } from './event-bounds.ts'

const text = z.string().check(z.maxLength(EVENT_TEXT_CHARACTERS_MAX))
const stepId = z.string().check(z.maxLength(200))
const count = z.int().check(z.nonnegative())
/** A conversation's name: its step's id; a delegate's lies below it, as in `tests/reviewer-1`. */
const conversation = z.string().check(z.maxLength(300))

export const toolCallSchema = z.object({
  id: z.string().check(z.maxLength(200)),
  name: z.string().check(z.maxLength(200)),
  /** As the model wrote it, which may be no JSON. */
  argumentsJson: text,
})

/** What people said to the session; `id` is the App's. */
export const saidSchema = z.object({
  id: z.string().check(z.maxLength(100)),
  text: z.string().check(z.maxLength(SAID_CHARACTERS_MAX)),
})
export type Said = z.infer<typeof saidSchema>

const stamp = {
  sequence: z.int().check(z.nonnegative(), z.maximum(EVENTS_MAX)),
  /** Milliseconds since the run began, by a clock that nobody sets. */
  atMs: count,
  /** A text of it was longer than an event's may be. Such a run can be read but not played again. */
  cut: z.optional(z.literal(true)),
}

export const sessionEventSchema = z.discriminatedUnion('kind', [
  z.object({
    ...stamp,
    kind: z.literal('run-started'),
    workflow: z.string().check(z.maxLength(100)),
    variant: z.optional(z.string().check(z.maxLength(100))),
    portfolio: z.string().check(z.maxLength(100)),
    inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    overrides: z.optional(z.partialRecord(z.enum(overrideNames), z.string().check(z.maxLength(100)))),
    subject: subjectSchema,
    capMicroUsd: microUsdWire,
    /** What earlier runs came to, as its first agent was told. */
    earlier: z.optional(z.array(earlierResultSchema).check(z.maxLength(EARLIER_RESULTS_MAX))),
    /** It goes on from a checkpoint: with this step's conversation, or before the first step that is not finished. */
    resumed: z.optional(z.object({ step: z.optional(stepId), stepsFinished: count })),
  }),
  z.object({
    ...stamp,
    kind: z.literal('step-started'),
    step: stepId,
    does: z.enum(['agent', 'run']),
    /** Counted from 1; more than one where a step has an `until`. */
    attempt: z.int().check(z.positive()),
    agent: z.optional(z.string().check(z.maxLength(100))),
    model: z.optional(z.string().check(z.maxLength(100))),
    effort: z.optional(effortSchema),
    tools: z.optional(z.array(z.string().check(z.maxLength(100))).check(z.maxLength(200))),
  }),
  /** What Purser told an agent, byte for byte: its system text, its task, a check that failed. */
  z.object({
    ...stamp,
    kind: z.literal('told'),
    conversation,
    role: z.enum(['system', 'user']),
    text,
    /** The conversation begins anew with this message, as after it had grown too long. */
    afresh: z.optional(z.literal(true)),
  }),
  z.object({
    ...stamp,
    kind: z.literal('turn'),
    conversation,
    number: z.int().check(z.positive()),
    text,
    toolCalls: z.array(toolCallSchema).check(z.maxLength(TOOL_CALLS_MAX)),
    /** The answer ended at its length limit. */
    lengthReached: z.optional(z.literal(true)),
    /** The model, or a filter behind it, would not answer. */
    refused: z.optional(z.literal(true)),
    /** It was asked to say how far it came, since the budget was used up. */
    wrapUp: z.optional(z.literal(true)),
  }),
  z.object({
    ...stamp,
    kind: z.literal('tool-result'),
    conversation,
    callId: z.string().check(z.maxLength(200)),
    name: z.string().check(z.maxLength(200)),
    text,
  }),
  z.object({
    ...stamp,
    kind: z.literal('command'),
    purpose: z.enum(['setup', 'step', 'until', 'guard', 'when']),
    step: z.optional(stepId),
    command: z.string().check(z.maxLength(4_000)),
    ok: z.boolean(),
    /** `exit 1`, `stopped after 10 minutes`. */
    how: z.string().check(z.maxLength(200)),
    output: text,
  }),
  z.object({ ...stamp, kind: z.literal('usage'), call: callSchema }),
  z.object({ ...stamp, kind: z.literal('said'), conversation: z.optional(conversation), said: saidSchema }),
  z.object({ ...stamp, kind: z.literal('step-ended'), report: stepReportSchema }),
  /** Was told to rest. What follows is a checkpoint and the end. */
  z.object({ ...stamp, kind: z.literal('paused'), step: z.optional(stepId) }),
  /** That one was made; the checkpoint itself travels beside the events. */
  z.object({
    ...stamp,
    kind: z.literal('checkpoint'),
    /** Whose conversation it has; absent between two steps. */
    step: z.optional(stepId),
    stepsFinished: count,
    files: count,
    bytes: count,
  }),
  z.object({
    ...stamp,
    kind: z.literal('ended'),
    conclusion: conclusionSchema,
    reason: z.optional(z.enum(reasonCodes)),
    message: z.string().check(z.maxLength(2_000)),
    spentMicroUsd: microUsdWire,
  }),
])
export type SessionEvent = z.infer<typeof sessionEventSchema>
export type EventKind = SessionEvent['kind']
