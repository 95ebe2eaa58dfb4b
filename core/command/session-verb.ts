/** The commands that speak to a session that is there, whoever started it: who may give them, and what is kept of them. */
import { z } from 'zod/mini'
import { VALUE_CHARACTERS_MAX } from './command.ts'
import type { Access } from './permission.ts'

/** What each asks for on GitHub. `workflow`: what the session's workflow asks for of whoever starts it. */
const accessOf = {
  say: 'workflow',
  ask: 'workflow',
  pause: 'workflow',
  resume: 'workflow',
  stop: 'workflow',
  retry: 'workflow',
  fork: 'workflow',
  deliver: 'maintain',
} as const satisfies Record<string, Access | 'workflow'>

export type SessionVerb = keyof typeof accessOf

/** Since no session keeps who started it, somebody else's is spoken to with the same access as one's own. */
export function accessFor(verb: SessionVerb, workflowAccess: Access): Access {
  const access = accessOf[verb]
  return access === 'workflow' ? workflowAccess : access
}

/** What a command said, in the session's log: content, without an author. */
export const spokenSchema = z.object({
  text: z.optional(z.string().check(z.maxLength(VALUE_CHARACTERS_MAX))),
  agent: z.optional(z.string().check(z.maxLength(100))),
})
export type Spoken = z.infer<typeof spokenSchema>
