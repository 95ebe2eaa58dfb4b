import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createLog } from '../../app/log.ts'
import { startServer } from '../../app/server.ts'

/** What the ways of asking throw, and whether a job was not heard for want of a database. */
const cases: readonly (readonly [path: string, error: unknown, isUnheard: boolean])[] = [
  ['/api/v1/runs/1/events', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), true],
  ['/api/v1/runs/1/events', Object.assign(new Error('shutting down'), { code: '57P01' }), true],
  ['/api/v1/runs/1/events', Object.assign(new Error('no socket'), { code: 'ENOENT' }), true],
  ['/api/v1/runs/1/events', new Error('timeout exceeded when trying to connect'), true],
  ['/api/v1/runs/1/events', new TypeError('a bug'), false],
  ['/', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), false],
]

it.each(cases)('a job that asks %s and meets %s is unheard: %s', async (path, error, isUnheard) => {
  let unheard = 0
  const fails = async () => {
    throw error
  }
  const server = await startServer(
    {
      webhook: fails,
      door: fails,
      isHealthy: fails,
      unheard: () => (unheard += 1),
      log: createLog({ level: 'silent' }),
    },
    '127.0.0.1',
    0,
  )
  try {
    const { port } = server.address() as AddressInfo
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    expect(unheard).toBe(isUnheard ? 1 : 0)
  } finally {
    server.close()
  }
})
