/** Bodies over a real connection. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { isAway } from '../../app/database/problems.ts'
import { readBody, sendText } from '../../app/http.ts'

let server: Server
let socket: Socket
let request: IncomingMessage
let response: ServerResponse

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const came = once(server, 'request')
  socket.write('POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n')
  ;[request, response] = await came
})

test('a body that comes in parts is one', async () => {
  const body = readBody(request, 6)
  socket.write('3\r\nabc\r\n')
  socket.write('3\r\ndef\r\n0\r\n\r\n')
  expect(`${await body}`).toBe('abcdef')
})

test('one that grows too long is none, and its end is not waited for', async () => {
  const body = readBody(request, 5)
  socket.write('6\r\nabcdef\r\n')
  expect(await body).toBeUndefined()
})

test('the request after one that grew too long is answered', async () => {
  const body = readBody(request, 5)
  socket.write('6\r\nabcdef\r\n')
  expect(await body).toBeUndefined()
  sendText(response, 413, 'too long')
  await once(socket, 'data')
  const next = once(server, 'request')
  // More than is read ahead of whoever wants it.
  const rest = 'x'.repeat(1_000_000)
  socket.write(`${rest.length.toString(16)}\r\n${rest}\r\n0\r\n\r\n`)
  socket.write('GET /next HTTP/1.1\r\nhost: here\r\n\r\n')
  expect((await next)[0].url).toBe('/next')
})

test.each(['while it is read', 'before it is read'])('one that is cut off %s is an error', async (when) => {
  const closed = new Promise((resolve) => request.once('close', resolve))
  const early = when === 'while it is read' ? readBody(request, 6) : undefined
  early?.catch(() => {})
  socket.write('3\r\nabc\r\n', () => socket.destroy())
  await closed
  const error: unknown = await (early ?? readBody(request, 6)).catch((thrown: unknown) => thrown)
  expect(String(error)).toContain('cut off')
  // Else one job that is killed while it speaks would keep those that are lost from being ended.
  expect(isAway(error)).toBe(false)
})
