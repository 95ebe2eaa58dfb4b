/** `purser start` that can't start: it says which setting is in the way, and ends. */
import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSocketServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { onDisk } from '../app/database/embedded-beginning.ts'
import { purserHere } from './here.ts'
import { folder, purser } from './purser.ts'

const PRIVATE_KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey
const settings = { APP_ID: '12', PRIVATE_KEY, WEBHOOK_SECRET: 'a-secret-of-some-length' }

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it listens on no port')
  return address.port
}

it('ends when another process has the port, and names PORT', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const port = portOf(other)
  const env = { ...settings, PORT: String(port), PURSER_DATA: onDisk(join(folder(), 'data')) }
  const { code, stderr } = await purser(['start'], { env })
  expect(code).toBe(1)
  expect(stderr).toBe(
    `PORT: ${port} on 127.0.0.1 is taken by another process; expected a free port; for example PORT=3001\n`,
  )
}, 60_000)

it('names PURSER_DATA when a file is there, other files are in it, or no folder can be made', async () => {
  const cwd = folder({ 'notes/today.txt': 'mine' })
  writeFileSync(join(cwd, 'file'), '')
  const problems = {
    file: 'can’t hold the embedded database',
    'file/data': 'can’t hold the embedded database',
    notes: 'holds other files, as today.txt',
  }
  for (const [PURSER_DATA, problem] of Object.entries(problems)) {
    const { code, stderr } = await purserHere(['start'], { cwd, env: { ...settings, PORT: '0', PURSER_DATA } })
    expect(code).toBe(1)
    expect(stderr).toContain(`PURSER_DATA: ${PURSER_DATA} ${problem}; expected a folder of its own that `)
  }
  expect(readdirSync(join(cwd, 'notes'))).toEqual(['today.txt'])
}, 60_000)

it('names DATABASE_URL when no server answers there, and not the password in it', async () => {
  const gone = createSocketServer()
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
  const port = portOf(gone)
  await new Promise((resolve) => gone.close(resolve))
  const DATABASE_URL = `postgresql://purser:hush@127.0.0.1:${port}/purser`
  const { code, stderr } = await purserHere(['start'], { env: { ...settings, DATABASE_URL } })
  expect(code).toBe(1)
  expect(stderr).toContain(`DATABASE_URL: the PostgreSQL server at 127.0.0.1:${port} refuses connections; expected `)
  expect(stderr).not.toContain('hush')
})

it('names HOST when nobody knows that name', async () => {
  const env = { ...settings, PORT: '0', HOST: 'nowhere.invalid', PURSER_DATA: onDisk(join(folder(), 'data')) }
  const { code, stdout } = await purser(['start', '--json'], { env })
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: [{ variable: 'HOST', example: 'HOST=127.0.0.1' }] })
}, 60_000)
