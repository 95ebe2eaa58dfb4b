/** The end of the server that others still hold open. */
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { createLog } from '../../app/log.ts'
import { startServer, stopServer } from '../../app/server.ts'

test('a connection on which nothing is asked does not keep the App from stopping', async () => {
  const nothing = async () => {}
  const doors = { webhook: nothing, door: async () => false, isHealthy: nothing, unheard: () => {} }
  const server = await startServer({ ...doors, log: createLog({ level: 'silent' }) }, '127.0.0.1', 0)
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
  const closed = once(socket, 'close')
  await once(server, 'connection')
  const beganMs = performance.now()
  await stopServer(server, 5_000)
  expect(performance.now() - beganMs).toBeLessThan(2_500)
  await closed
})

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
