/** What `purser run` is to do: a workflow on the commit that is checked out, or what a checkpoint goes on with. */
import { basename, resolve } from 'node:path'
import type { Configuration } from '../../core/config/configuration.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { type Resolved, type RunRequest, resolveRun } from '../../core/plan/resolve.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { type Checkpoint, withoutCount } from '../../core/session/checkpoint.ts'
import { isNamed } from '../../core/session/subject-words.ts'
import { type Checkout, declaredConfiguration, readCheckout } from '../checkout.ts'
import type { RunOptions } from '../commands/run.ts'
import { git, withoutGit, workingCopyOf } from '../git.ts'
import { readOverrides, readRequest } from '../request.ts'
import { readHead } from './local-git.ts'
import { hasCommit, resolveResumed } from './resume.ts'
import { checkpointFile, isFromElsewhere, readSavedSession } from './session-folder.ts'
import { nothingChanged, subjectLine, worksOnChange } from './subject.ts'
import { readSubjectWords, type SubjectWords } from './subject-words.ts'

export interface PlannedRun {
  readonly plan: Plan
  readonly root: string
  readonly configuration: Configuration
  readonly objectsDir: string
  /** In words, what it works on. */
  readonly subject: string
  /** Whether something is not committed, which a run does not see. */
  readonly dirty: boolean
  readonly checkpoint: Checkpoint | undefined
  /** That the checkpoint may not know all that its session has spent. */
  readonly fromElsewhere: boolean
}

interface Declared {
  readonly checkout: Checkout
  readonly configuration: Configuration
}

type Planned = PlannedRun | Refusal | { readonly usage: string }

export async function planRun(
  target: string | undefined,
  pairs: readonly string[],
  options: RunOptions,
): Promise<Planned> {
  const wrong = wrongUsage(target, pairs, options)
  if (wrong !== undefined) return { usage: wrong }
  const request = target === undefined ? undefined : readRequest(target, pairs, options)
  if (request !== undefined && 'usage' in request) return request
  const checkout = readCheckout(options.dir, options.organisation)
  if (isRefusal(checkout)) return checkout
  const configuration = declaredConfiguration(checkout)
  if (isRefusal(configuration)) return configuration
  const declared = { checkout, configuration }
  if (request === undefined) return planResumed(declared, options)
  const words = await readSubjectWords(options)
  return 'usage' in words ? words : planNew(declared, request, words, options)
}

function wrongUsage(target: string | undefined, pairs: readonly string[], { resume, base, issue, log }: RunOptions) {
  if (resume === undefined) return target === undefined ? 'which workflow? For example: purser run review' : undefined
  if (target !== undefined || pairs.length > 0) {
    return '--resume goes on with the workflow and the inputs of its checkpoint; expected nothing but options beside it'
  }
  if (base !== undefined) return '--resume compares with what its checkpoint was compared with; leave --base out'
  return issue === undefined && log === undefined
    ? undefined
    : '--resume goes on with what its run was told; leave --issue and --log out'
}

function planNew(declared: Declared, request: RunRequest, words: SubjectWords, options: RunOptions): Planned {
  const { root, keptPrices } = declared.checkout
  const head = readHead(root, options.base)
  if (isRefusal(head)) return head
  const subject = {
    kind: 'local' as const,
    repository: basename(root),
    headSha: head.sha,
    ...(head.title !== '' && { title: head.title }),
    baseSha: head.base.sha,
    ...words,
  }
  const resolved = resolveRun(declared.configuration, request, subject, keptPrices, new Date())
  if (isRefusal(resolved)) return resolved
  const { plan } = resolved
  const unread = unreadWords(plan, words)
  if (unread !== undefined) return { usage: unread }
  if (head.filesChanged === 0 && worksOnChange(plan)) return nothingChanged(plan, head)
  const { configuration } = declared
  return {
    plan,
    root,
    configuration,
    objectsDir: head.objectsDir,
    subject: subjectLine(head),
    dirty: head.dirty,
    checkpoint: undefined,
    fromElsewhere: false,
  }
}

/** What is given and no prompt names would be lost without a word. */
function unreadWords(plan: Plan, { text, log }: SubjectWords): string | undefined {
  const isUnread = (given: string | undefined, value: string) => given !== undefined && !isNamed(plan, value)
  const reads = (what: string, who: string) => `${plan.workflow} does not read ${what}; ${who} does, for example`
  if (isUnread(text, 'subject.text')) return reads('what an issue says (--issue)', 'incident-triage')
  return isUnread(log, 'subject.log') ? reads('a job’s log (--log)', 'fix-ci') : undefined
}

function planResumed(declared: Declared, options: RunOptions): Planned {
  const { root, keptPrices } = declared.checkout
  const overrides = readOverrides(options)
  if ('usage' in overrides) return overrides
  const saved = readSavedSession(checkpointFile(root, options.resume ?? ''))
  if ('problem' in saved) return { usage: saved.problem }
  const { headSha } = saved.subject
  if (workingCopyOf(root) === undefined || !hasCommit(root, headSha)) {
    const missing = withoutGit()
    if (missing) return refuse('checkout-failed', missing.message, missing.todo)
    const todo = 'Fetch that commit into this repository, or resume in one that has it.'
    return refuse('checkpoint-unusable', `The checkpoint’s commit ${headSha} is not in ${root}.`, todo)
  }
  const resolved: Resolved | Refusal = resolveResumed(
    saved,
    overrides.overrides,
    declared.configuration,
    keptPrices,
    new Date(),
  )
  if (isRefusal(resolved)) return resolved
  const objectsDir = resolve(root, git(root, ['rev-parse', '--git-path', 'objects']) ?? '.git/objects')
  const fromElsewhere = isFromElsewhere(root, options.resume ?? '')
  const checkpoint = fromElsewhere ? withoutCount(saved.checkpoint) : saved.checkpoint
  const { configuration } = declared
  return {
    plan: resolved.plan,
    root,
    configuration,
    objectsDir,
    subject: 'a checkpoint',
    dirty: false,
    checkpoint,
    fromElsewhere,
  }
}
