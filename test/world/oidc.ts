import { randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose'
import type { JobClaims, Oidc } from './contract.ts'
import { close, listen } from './server.ts'

const keyId = 'world-1'

/** GitHub's ID tokens live for five minutes. */
const lifetimeSeconds = 300

/** The same in all worlds of a process, which take no token of another world's issuer. */
let keys: Promise<GenerateKeyPairResult> | undefined
/** Of somebody else. */
let forgersKeys: Promise<GenerateKeyPairResult> | undefined

/** An issuer of ID tokens as `https://token.actions.githubusercontent.com` is one: RS256, published keys. */
export async function startOidc(now: () => Date): Promise<Oidc> {
  keys ??= generateKeyPair('RS256')
  const pair = await keys
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: keyId, alg: 'RS256', use: 'sig' }
  const grants = new Map<string, JobClaims>()
  const server = createServer((request, response) => void answer(request, response))
  const issuer = await listen(server)

  const sign: Oidc['sign'] = async (audience, claims, forge = {}) => {
    if (forge.key) forgersKeys ??= generateKeyPair('RS256')
    const signer = (forge.key && (await forgersKeys)) || pair
    const at = Math.floor(now().getTime() / 1000) - (forge.expired ? 3600 : 0)
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: keyId, typ: 'JWT' })
      .setIssuer(forge.issuer ?? issuer)
      .setAudience(audience)
      .setSubject(claims.sub ?? `repo:${claims.repository}:ref:${claims.ref}`)
      .setJti(randomUUID())
      .setIssuedAt(at)
      .setNotBefore(at - 10)
      .setExpirationTime(at + lifetimeSeconds)
      .sign(signer.privateKey)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer)
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    if (url.pathname === '/.well-known/openid-configuration') {
      const found = { issuer, jwks_uri: `${issuer}/.well-known/jwks`, id_token_signing_alg_values_supported: ['RS256'] }
      return json(200, found)
    }
    if (url.pathname === '/.well-known/jwks') return json(200, { keys: [jwk] })
    if (url.pathname !== '/idtoken') return json(404, { message: 'Not Found' })
    const claims = grants.get((request.headers.authorization ?? '').replace(/^bearer /i, ''))
    if (!claims) return json(401, { message: 'Unknown request token' })
    const audience = url.searchParams.get('audience') ?? `https://github.com/${claims.repository_owner}`
    return json(200, { count: 1, value: await sign(audience, claims) })
  }

  return {
    issuer,
    sign,
    grant(claims) {
      const requestToken = randomBytes(24).toString('base64url')
      grants.set(requestToken, claims)
      const revoke = (): void => void grants.delete(requestToken)
      return { requestUrl: `${issuer}/idtoken?api-version=2.0`, requestToken, revoke }
    },
    close: () => close(server),
  }
}
