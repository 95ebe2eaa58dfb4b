/** Who a job is, where the issuer's keys are not to be had. */
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { createVerifyJob } from '../../../app/door/identity.ts'
import { OIDC_AUDIENCE } from '../../../core/run/protocol.ts'
import { close, listen } from '../../world/server.ts'

test('keys that can’t be fetched say nothing about the token', async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const good = { keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256' }] }
  const answers: [number, string][] = [
    [503, 'try again'],
    [200, '<html>'],
    [200, '{"message":"try again"}'],
    [200, JSON.stringify(good)],
  ]
  const server = createServer((_, response) => {
    const [status, body] = answers.shift() ?? [500, '']
    response.writeHead(status).end(body)
  })
  const issuer = await listen(server)
  onTestFinished(() => close(server))
  const verify = createVerifyJob([issuer])
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(issuer)
    .setAudience(OIDC_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('5 minutes')
    .sign(privateKey)
  for (let tries = 0; tries < 3; tries += 1) await expect(verify(`Bearer ${token}`)).rejects.toThrow()
  // Read in full, and named no job.
  expect(await verify(`Bearer ${token}`)).toMatchObject({ refused: true, message: expect.stringContaining('claims') })
})
