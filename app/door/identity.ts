/** Who a job is, proven by the OIDC token that GitHub signed for it. */
import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { type Refusal, refuse } from '../../core/reason.ts'
import { OIDC_AUDIENCE } from '../../core/run/protocol.ts'

/** What is read of the token; `sub` is not, since its format changed and repositories may customise it. */
const claimsSchema = z.object({
  repository: z.string(),
  repository_id: z.coerce.number().int().positive(),
  event_name: z.string(),
  ref: z.string(),
  sha: z.string(),
  workflow_ref: z.string(),
  run_id: z.coerce.number().int().positive(),
  run_attempt: z.coerce.number().int().positive(),
  check_run_id: z.coerce.number().int().positive(),
})

export interface JobIdentity {
  readonly repositoryId: number
  /** `owner/name`. */
  readonly repository: string
  readonly event: string
  /** `refs/heads/main`. */
  readonly ref: string
  readonly sha: string
  /** `owner/name/.github/workflows/purser.yml@refs/heads/main`. */
  readonly workflowRef: string
  readonly actionsRunId: number
  /** One job of one attempt, and no other: re-runs keep the run's id and matrix jobs share it. */
  readonly jobKey: string
}

/** One step of the job: each that uses the Action asks for a run of its own, and repeats its step when it asks again. */
export function stepKeyOf(job: JobIdentity, step: string): string {
  return `${job.jobKey}:${step}`
}

export type VerifyJob = (authorization: string | undefined) => Promise<JobIdentity | Refusal>

const CLOCK_TOLERANCE_SECONDS = 30
const KEYS_TIMEOUT_MS = 5000
/** Where an issuer's keys did not come in time, came with another status or as no JSON, or are none. */
const NO_KEYS = new Set([errors.JWKSTimeout.code, errors.JOSEError.code, errors.JWKSInvalid.code])
/** OIDC tokens are about 2 kB; anything much longer is not one. */
const TOKEN_CHARACTERS_MAX = 16_000

/** The issuer of a GitHub host's tokens, from the address of its REST API. */
export function issuerOf(githubUrl: string): string {
  const { protocol, host } = new URL(githubUrl)
  if (host === 'api.github.com') return 'https://token.actions.githubusercontent.com'
  const tenant = /^api\.(.+\.ghe\.com)$/.exec(host)?.[1]
  return tenant ? `https://token.actions.${tenant}` : `${protocol}//${host}/_services/token`
}

export function createVerifyJob(issuers: readonly string[]): VerifyJob {
  const keys = new Map(
    issuers.map((issuer) => [
      issuer,
      createRemoteJWKSet(new URL(`${issuer.replace(/\/$/, '')}/.well-known/jwks`), {
        timeoutDuration: KEYS_TIMEOUT_MS,
      }),
    ]),
  )
  return async (authorization) => {
    const token = bearerOf(authorization)
    if (token === undefined || token.length > TOKEN_CHARACTERS_MAX) {
      return refuse('identity-invalid', 'The request carries no OIDC token.')
    }
    const payload = await verify(token, keys)
    if ('refused' in payload) return payload
    const claims = claimsSchema.safeParse(payload.claims)
    if (!claims.success) return refuse('identity-invalid', 'The OIDC token lacks claims that name the job.')
    const { data } = claims
    return {
      repositoryId: data.repository_id,
      repository: data.repository,
      event: data.event_name,
      ref: data.ref,
      sha: data.sha,
      workflowRef: data.workflow_ref,
      actionsRunId: data.run_id,
      jobKey: `${data.run_id}:${data.run_attempt}:${data.check_run_id}`,
    }
  }
}

export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1]
}

/** The issuer the token claims only picks the keys; the signature and the rest are then verified against them. */
async function verify(
  token: string,
  keys: ReadonlyMap<string, JWTVerifyGetKey>,
): Promise<{ claims: JWTPayload } | Refusal> {
  const issuer = claimedIssuer(token)
  const keySet = issuer === undefined ? undefined : keys.get(issuer)
  if (issuer === undefined || keySet === undefined) {
    return refuse('identity-invalid', 'The OIDC token comes from an issuer that this App does not trust.')
  }
  try {
    const { payload } = await jwtVerify(token, keySet, {
      issuer,
      audience: OIDC_AUDIENCE,
      algorithms: ['RS256'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'iat'],
    })
    return { claims: payload }
  } catch (error) {
    // Keys that can't be fetched are an outage, not a forged token: the job may try again.
    if (!(error instanceof errors.JOSEError) || NO_KEYS.has(error.code)) throw error
    return refuse('identity-invalid', `The OIDC token was not accepted (${error.code}).`)
  }
}

function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}
