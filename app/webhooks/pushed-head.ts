/** What stays of a push to a branch: that the App knows of this head. A digest, since a branch may be named after somebody. */
import { createHash } from 'node:crypto'
import { z } from 'zod'

const pushSchema = z.object({ ref: z.string(), after: z.string() })

/** `null` where the payload is of another form. */
export function digestOfPush(payload: unknown): string | null {
  const { data } = pushSchema.safeParse(payload)
  return data === undefined ? null : pushedDigest(data.ref, data.after)
}

/** `ref`: `refs/heads/main`. */
export function pushedDigest(ref: string, sha: string): string {
  return createHash('sha256').update(`${ref} ${sha}`).digest('hex')
}
