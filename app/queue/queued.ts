/** What waits in line: a command as it was written, or what a machine would start. Nothing of who asked. */
import { z } from 'zod'
import { machines } from '../../core/config/trigger.ts'

const number = z.int().positive()

const commandSchema = z.object({
  kind: z.literal('command'),
  /** As `printCommand` writes it. */
  line: z.string(),
  commentId: number,
  /** Of the pull request or issue. */
  number,
  isPullRequest: z.boolean(),
  createdAt: z.string(),
  seenSha: z.string().optional(),
})
export type QueuedCommand = z.infer<typeof commandSchema>

const machineSchema = z.object({
  kind: z.literal('machine'),
  family: z.string(),
  trigger: z.enum(machines),
  inputs: z.record(z.string(), z.string()),
  number,
  isPullRequest: z.boolean(),
  /** That was set, where one was. */
  label: z.string().optional(),
  /** The pull request's head that it was about. */
  seenSha: z.string().optional(),
})
export type QueuedMachine = z.infer<typeof machineSchema>

export const queuedSchema = z.discriminatedUnion('kind', [commandSchema, machineSchema])
