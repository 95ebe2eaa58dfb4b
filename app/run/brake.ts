/** How often machines may start sessions: of one workflow, and on one subject. A person can always start one by a comment. */
import { type Machine, machines } from '../../core/config/trigger.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import type { Parts } from '../parts.ts'

/** Sessions of one workflow that machines may start in a day. */
export const MACHINE_STARTS_A_DAY_MAX = 50
/** Of all workflows together, on one pull request or issue. */
export const SUBJECT_STARTS_A_DAY_MAX = 10
const DAY_MS = 86_400_000

export interface Braked {
  readonly repositoryId: bigint
  readonly family: string
  /** Left out where the subject is a commit, on which each workflow starts once anyway. */
  readonly subjectKey?: string | undefined
  /** A repeat of the same start is no new one. */
  readonly commandKey: string
}

export async function brakeOn(parts: Parts, braked: Braked): Promise<Refusal | undefined> {
  const { family, subjectKey } = braked
  const ofFamily = await freeAgain(parts, braked, { family }, MACHINE_STARTS_A_DAY_MAX)
  if (ofFamily !== undefined) {
    return refuse(
      'daily-brake',
      `Machines have started \`${family}\` ${MACHINE_STARTS_A_DAY_MAX} times within a day, which is the most.`,
      `The next may start after ${ofFamily}. If that many are meant, let fewer events start it.`,
    )
  }
  if (subjectKey === undefined) return undefined
  const ofSubject = await freeAgain(parts, braked, { subjectKey }, SUBJECT_STARTS_A_DAY_MAX)
  if (ofSubject === undefined) return undefined
  return refuse(
    'daily-brake',
    `Machines have started ${SUBJECT_STARTS_A_DAY_MAX} sessions here within a day, which is the most on one subject.`,
    `The next may start after ${ofSubject}; somebody with the access can start one now with \`/agent ${family}\`.`,
  )
}

/** When there is room again, in words, where so many were started within a day. */
async function freeAgain(
  parts: Parts,
  { repositoryId, commandKey }: Braked,
  of: { readonly family: string } | { readonly subjectKey: string },
  startsMax: number,
): Promise<string | undefined> {
  const starts = await parts.prisma.session.findMany({
    where: {
      repositoryId,
      ...of,
      trigger: { in: [...machines] satisfies Machine[] },
      createdAt: { gt: new Date(parts.now().getTime() - DAY_MS) },
      commandKey: { not: commandKey },
    },
    orderBy: { createdAt: 'desc' },
    take: startsMax,
    select: { createdAt: true },
  })
  const first = starts[startsMax - 1]
  if (first === undefined) return undefined
  const free = new Date(first.createdAt.getTime() + DAY_MS).toISOString().slice(0, 16).replace('T', ' ')
  return `${free} UTC`
}
