/** The end of the server that others still hold open. */
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { createLog } from '../../app/log.ts'
import { startServer, stopServer } from '../../app/server.ts'

test('a request that is never finished does not keep the App from stopping', async () => {
  const began = Promise.withResolvers<void>()
  const never = async () => {
    began.resolve()
    await new Promise(() => {})
  }
  const doors = { webhook: never, door: async () => false, isHealthy: never, unheard: () => {} }
  const server = await startServer({ ...doors, log: createLog({ level: 'silent' }) }, '127.0.0.1', 0)
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const closed = once(socket, 'close')
  socket.write('POST /api/github/webhooks HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nabc')
  await began.promise
  await stopServer(server, 50)
  await closed
  expect(server.listening).toBe(false)
})
