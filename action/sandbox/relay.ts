/**
 * Runs inside the sandbox, in front of a command that has doors: sockets of processes outside. Each is given an address on
 * the sandbox's own loopback, which is all the network there is, and the command is told of it by its environment. The
 * command can do to this process what it likes: there is nothing in it but the way to the sockets.
 *
 * `node relay [{"socket": "/tmp/doors/0", "env": {"HTTP_PROXY": "http://{address}"}}] command argument...`
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

interface Door {
  readonly socket: string
  /** `{address}` in a value stands for host and port. */
  readonly env: Readonly<Record<string, string>>
}

async function open(door: Door): Promise<[string, string][]> {
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = connect({ path: door.socket, allowHalfOpen: true })
    inner.on('error', () => outer.destroy()).pipe(outer)
    outer.on('error', () => inner.destroy()).pipe(inner)
    inner.on('close', () => outer.destroy())
    outer.on('close', () => inner.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return Object.entries(door.env).map(([name, value]) => [name, value.replaceAll('{address}', `127.0.0.1:${port}`)])
}

async function main(): Promise<void> {
  const [doors = '[]', command = 'true', ...args] = process.argv.slice(2)
  const opened = await Promise.all((JSON.parse(doors) as Door[]).map(open))
  const child = spawn(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...Object.fromEntries(opened.flat()) },
  })
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(127)
  })
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)))
}

void main()
