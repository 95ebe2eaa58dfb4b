/**
 * All that a run needs to go on where another one was paused, capped or lost: the work so far, the steps that are finished,
 * and the conversation that was under way. Whoever resumes parses it again, as it comes from a runner or from a file.
 */
import { z } from 'zod/mini'
import { changesetSchema } from '../changes/changeset.ts'
import { stepReportSchema } from '../run/report.ts'
import { microUsdWire } from '../wire.ts'
import { EVENT_TEXT_CHARACTERS_MAX, TOOL_CALLS_MAX } from './event-bounds.ts'
import { saidSchema, toolCallSchema } from './session-event.ts'

/** Of a checkpoint as JSON: a whole changeset in base64, and a conversation. It travels to the App in a body of its own. */
export const CHECKPOINT_BYTES_MAX = 7_500_000
export const CHECKPOINT_MESSAGES_MAX = 4_000
export const CHECKPOINT_CONVERSATION_BYTES_MAX = 2_000_000

const text = z.string().check(z.maxLength(EVENT_TEXT_CHARACTERS_MAX))
const count = z.int().check(z.nonnegative())

const answerItemSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), role: z.literal('assistant'), content: text }),
  z.object({ type: z.literal('function_call'), call_id: z.string(), name: z.string(), arguments: text }),
  z.object({ type: z.literal('reasoning'), summary: z.tuple([]), encrypted_content: text }),
])

/** A message of a conversation, in the words of `SessionEvent`. */
export const checkpointMessageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), text }),
  z.object({ role: z.literal('user'), text }),
  z.object({
    role: z.literal('assistant'),
    text,
    toolCalls: z.array(toolCallSchema).check(z.maxLength(TOOL_CALLS_MAX)),
    /** An answer that has to go back in the parts it came in, as what a model thought, which only its provider can read. */
    items: z.optional(z.array(answerItemSchema).check(z.maxLength(256))),
    /** The output limit of the call that made it. */
    outputTokensMax: z.optional(count),
  }),
  z.object({ role: z.literal('tool'), callId: z.string().check(z.maxLength(200)), text }),
])
export type CheckpointMessage = z.infer<typeof checkpointMessageSchema>

/** A step's conversation, to be appended to: what was sent before is sent again byte for byte, so that caches hit. */
export const checkpointConversationSchema = z.object({
  step: z.string().check(z.maxLength(200)),
  attempt: z.int().check(z.positive()),
  turns: count,
  messages: z.array(checkpointMessageSchema).check(z.maxLength(CHECKPOINT_MESSAGES_MAX)),
  /** What the agent said last. */
  lastText: text,
  /**
   * What the provider counted for the first `messages` of them, and for which `request` around them: SHA-256 in hex, unknown in
   * older checkpoints. Another provider or model, or other tools, count otherwise.
   */
  counted: z.optional(
    z.object({ messages: count, inputTokens: count, request: z.optional(z.string().check(z.maxLength(64))) }),
  ),
})
export type CheckpointConversation = z.infer<typeof checkpointConversationSchema>

export const finishedStepSchema = z.object({
  report: stepReportSchema,
  /** What later steps are shown of it. */
  output: text,
})

export type FinishedStep = z.infer<typeof finishedStepSchema>

export const checkpointSchema = z.object({
  version: z.literal(1),
  workflow: z.string().check(z.maxLength(100)),
  variant: z.optional(z.string().check(z.maxLength(100))),
  /** The work so far. It applies to the commit that it names and to no other. */
  changeset: changesetSchema,
  /** In sentences, what of the work could not be kept: links, submodules, files that are too large. */
  left: z.array(z.string().check(z.maxLength(1_500))).check(z.maxLength(20)),
  /** In the plan's order. */
  steps: z.array(finishedStepSchema).check(z.maxLength(50)),
  /** The conversation of the step that was under way; of the last agent's where every step is finished, so that it can be spoken to. */
  conversation: z.optional(checkpointConversationSchema),
  /** How many commands were run, since their output is named by number. */
  commandsRun: count,
  /** All runs of the session until here. */
  spentMicroUsd: microUsdWire,
})
export type Checkpoint = z.infer<typeof checkpointSchema>

/** One whose conversation is bounded by its bytes, since anybody may have written down what it was counted at. */
export function withoutCount(checkpoint: Checkpoint): Checkpoint {
  if (checkpoint.conversation === undefined) return checkpoint
  const { counted: _, ...conversation } = checkpoint.conversation
  return { ...checkpoint, conversation }
}

/** What people said meanwhile and no agent has been told yet. */
export const saidMeanwhileSchema = z.array(saidSchema).check(z.maxLength(50))
