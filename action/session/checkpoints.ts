/**
 * A run's checkpoints: made between its steps and at its end, each in place of the one before, in a file that is there wholly
 * or not at all. Loaded when the first one is due.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod/mini'
import { checkSecrets, type Violation, validateChangeset } from '../../core/changes/guard.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { Redact } from '../../core/redact.ts'
import {
  CHECKPOINT_CONVERSATION_BYTES_MAX,
  CHECKPOINT_MESSAGES_MAX,
  type Checkpoint,
  type CheckpointConversation,
} from '../../core/session/checkpoint.ts'
import { EVENT_TEXT_CHARACTERS_MAX } from '../../core/session/event-bounds.ts'
import type { Log } from '../job/log.ts'
import type { Progress } from '../steps/steps.ts'
import { collectWork, type Work } from '../workspace/collect-work.ts'
import type { Git } from '../workspace/git.ts'
import { CHECKPOINT, savedSessionSchema } from './checkpoint-file.ts'
import type { Recorded } from './recording.ts'

const LEFT_MAX = 20
const LEFT_CHARACTERS_MAX = 1_500

export interface CheckpointsOptions {
  readonly plan: Plan
  readonly git: Git
  readonly workDir: string
  /** Where the file lies. */
  readonly dir: string
  /** The workspace as the first step found it. */
  readonly startTree: string
  readonly redact: Redact
  readonly log: Log
  readonly commandsRun: () => number
  /** By this run. */
  readonly spentMicroUsd: () => bigint
  /** By the session's runs before it. */
  readonly beforeMicroUsd: bigint
  readonly record: (event: Recorded) => void
  /** Gets each one, as for the App. */
  readonly onCheckpoint: (checkpoint: Checkpoint) => void
}

export class Checkpoints {
  readonly #options: CheckpointsOptions

  constructor(options: CheckpointsOptions) {
    this.#options = options
  }

  /** While the run goes on: one that can't be made is no reason to end it. */
  async take(progress: Progress): Promise<void> {
    const { git, workDir, startTree, plan, log } = this.#options
    try {
      this.keep(progress, await collectWork(git, workDir, startTree, plan.subject.headSha))
    } catch (error) {
      log.warning(`No checkpoint could be made here: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** `work`: as it stands now. */
  keep({ finished, conversation }: Progress, work: Work): void {
    const { plan, redact, record } = this.#options
    const kept = this.#bounded(conversation)
    const { changeset, left } = this.#keepable(work)
    const made: Checkpoint = {
      version: 1,
      workflow: plan.workflow,
      ...(plan.variant !== undefined && { variant: plan.variant }),
      changeset,
      left,
      steps: [...finished],
      ...(kept && { conversation: kept }),
      commandsRun: this.#options.commandsRun(),
      spentMicroUsd: this.#options.beforeMicroUsd + this.#options.spentMicroUsd(),
    }
    const checkpoint = redacted(made, redact)
    const bytes = this.#write(checkpoint)
    const underWay = finished.some(({ report }) => report.id === kept?.step) ? undefined : kept?.step
    const step = underWay === undefined ? {} : { step: underWay }
    record({ kind: 'checkpoint', ...step, stepsFinished: finished.length, files: changeset.files.length, bytes })
    this.#options.onCheckpoint(checkpoint)
  }

  /** Files that nobody could put back, or that hold a secret, are left out and named. */
  #keepable({ changeset, violations }: Work): Pick<Checkpoint, 'changeset' | 'left'> {
    const wrong: Violation[] = [...validateChangeset(changeset), ...checkSecrets(changeset, this.#options.redact)]
    const without = new Set(wrong.map(({ file }) => file))
    const files = changeset.files.filter(({ path }) => !without.has(path))
    const left = [...violations, ...wrong].map(({ message }) => message.slice(0, LEFT_CHARACTERS_MAX))
    return { changeset: { ...changeset, files }, left: left.slice(0, LEFT_MAX) }
  }

  /** A conversation that is too long to be kept is none: its step begins anew. */
  #bounded(conversation: CheckpointConversation | undefined): CheckpointConversation | undefined {
    if (conversation === undefined) return undefined
    const { messages } = conversation
    const fits =
      messages.length <= CHECKPOINT_MESSAGES_MAX &&
      Buffer.byteLength(JSON.stringify(messages)) <= CHECKPOINT_CONVERSATION_BYTES_MAX
    if (!fits) this.#options.log.warning(`The conversation of step ${conversation.step} is too long for a checkpoint.`)
    return fits ? conversation : undefined
  }

  #write(checkpoint: Checkpoint): number {
    const path = join(this.#options.dir, CHECKPOINT)
    const { variant, inputs, overrides, subject } = this.#options.plan
    const { beforeMicroUsd } = this.#options
    const saved = { version: 1 as const, variant, inputs, overrides, subject, beforeMicroUsd, checkpoint }
    const text = `${JSON.stringify(z.encode(savedSessionSchema, saved))}\n`
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
    return Buffer.byteLength(text)
  }
}

/** Files’ contents are base64, where a secret would not be seen: `#keepable` has looked into them. */
function redacted(checkpoint: Checkpoint, redact: Redact): Checkpoint {
  const clean = <Value>(value: Value): Value => {
    if (typeof value === 'string') return redact(value).slice(0, EVENT_TEXT_CHARACTERS_MAX) as Value & string
    if (Array.isArray(value)) return value.map(clean) as Value & unknown[]
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, clean(part)])) as Value & object
  }
  return { ...clean({ ...checkpoint, changeset: undefined }), changeset: checkpoint.changeset }
}
