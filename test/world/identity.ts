import type { KeyObject } from 'node:crypto'
import { jwtVerify } from 'jose'
import type { Permission } from './contract.ts'
import { Refused } from './router.ts'

/**
 * Who a request comes from. `app` and `job` hold an installation token: the App's own, or a job's `GITHUB_TOKEN`,
 * which belongs to the GitHub Actions App. `jwt` is an App that signs for itself to ask for a token.
 */
export type Identity =
  | { kind: 'anonymous' | 'unknown'; login: null }
  | { kind: 'jwt'; login: null; appId: number }
  | { kind: 'person'; login: string; permission: Permission }
  /** `suite`: what tells an Actions workflow's own check suite apart, by the token that its run has. */
  | { kind: 'app' | 'job'; login: string; app: AppIdentity; permissions: Record<string, string>; suite?: string }

export type AppIdentity = { id: number; slug: string; name: string }

const ranks: Permission[] = ['none', 'read', 'triage', 'write', 'maintain', 'admin']

export const atLeast = (has: Permission, needs: Permission): boolean => ranks.indexOf(has) >= ranks.indexOf(needs)

/** Every token that this world has given out; any other is answered with 401. */
export type Identities = {
  add(token: string, identity: Identity): void
  revoke(token: string): void
  /** From an `Authorization` header: Bearer, token, or Basic with the token as password. */
  read(authorization: string | undefined): Promise<{ who: Identity; token: string | null }>
}

export function createIdentities(appKeys: ReadonlyMap<number, KeyObject>): Identities {
  const known = new Map<string, Identity>()
  return {
    add: (token, identity) => void known.set(token, identity),
    revoke: (token) => void known.delete(token),
    async read(authorization) {
      const token = tokenOf(authorization)
      if (token === null) return { who: { kind: 'anonymous', login: null }, token: null }
      const found = known.get(token)
      if (found) return { who: found, token }
      const appId = await verifiedApp(token, appKeys)
      if (appId !== null) return { who: { kind: 'jwt', login: null, appId }, token }
      return { who: { kind: 'unknown', login: null }, token }
    },
  }
}

function tokenOf(authorization: string | undefined): string | null {
  if (!authorization) return null
  const basic = /^basic (.+)$/i.exec(authorization)?.[1]
  if (basic) {
    const pair = Buffer.from(basic, 'base64').toString()
    return pair.slice(pair.indexOf(':') + 1)
  }
  return authorization.replace(/^(bearer|token)\s+/i, '').trim()
}

async function verifiedApp(token: string, appKeys: ReadonlyMap<number, KeyObject>): Promise<number | null> {
  for (const [appId, publicKey] of appKeys) {
    try {
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: ['RS256'],
        clockTolerance: 60,
      })
      if (String(payload.iss) === String(appId)) return appId
    } catch {
      // Another App's signature, or none at all.
    }
  }
  return null
}

/**
 * Refuses unless `who` may. `permission` is what an installation token has to hold; `role` the least that a person
 * has to be. People may read: the repositories are public.
 */
export function mayWrite(who: Identity, permission: string, role: Permission): void {
  if (who.kind === 'person' && atLeast(who.permission, role)) return
  if ((who.kind === 'app' || who.kind === 'job') && who.permissions[permission] === 'write') return
  if (who.kind === 'anonymous') throw new Refused(401, 'Requires authentication')
  throw new Refused(
    403,
    who.kind === 'person' ? 'Must have more rights to the repository.' : 'Resource not accessible by integration',
  )
}

export function mayRead(who: Identity, permission: string): void {
  if (who.kind !== 'app' && who.kind !== 'job') return
  if (who.permissions[permission] === 'read' || who.permissions[permission] === 'write') return
  throw new Refused(403, 'Resource not accessible by integration')
}
