/** Who may start what, by what GitHub itself says of somebody's permission on the repository. */
import { type Refusal, refuse } from '../reason.ts'

/** What a workflow asks for in `access`. */
export type Access = 'triage' | 'write' | 'maintain'

/**
 * `user.permissions` of GitHub's permission answer. The booleans are read, never the folded `permission` name,
 * which calls maintain `write` and triage `read`. GitHub calls write `push` and read `pull`.
 */
export interface GitHubPermissions {
  readonly admin?: boolean | undefined
  readonly maintain?: boolean | undefined
  readonly push?: boolean | undefined
  readonly triage?: boolean | undefined
  readonly pull?: boolean | undefined
}

/** The booleans that are enough, so that an answer with only the highest one still counts. */
const enough = {
  triage: ['triage', 'push', 'maintain', 'admin'],
  write: ['push', 'maintain', 'admin'],
  maintain: ['maintain', 'admin'],
} as const satisfies Record<Access, readonly (keyof GitHubPermissions)[]>

/** Whether that is enough. Fails closed: no answer, or one without the booleans, allows nothing. */
export function mayRun(access: Access, permissions: GitHubPermissions | null | undefined): boolean {
  if (permissions === null || permissions === undefined) return false
  return enough[access].some((level) => permissions[level] === true)
}

/** Says what is missing: `what` is a workflow's name, or what was asked for in words. */
export function refusePermission(what: string, access: Access): Refusal {
  return refuse(
    'not-permitted',
    `${what} needs ${access} access to this repository, which the author of the command lacks.`,
    `Ask somebody with ${access} access to give the command, or whoever administers the repository for that access.`,
  )
}
