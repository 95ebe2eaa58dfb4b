/** A proxy in front of a server's Unix socket that cuts a connection around a COMMIT, as a network may. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

const SOCKET = '.s.PGSQL.5432'
/** As the client asks for it, and as the server says that it is done. */
const COMMIT_ASKED = Buffer.from('COMMIT\0')
const COMMIT_DONE = Buffer.from('C\0\0\0\u000bCOMMIT\0')

/** `unsent`: the server never hears of it. `unanswered`: it commits, and its answer is lost. */
export type Cut = 'unsent' | 'unanswered'

export interface CuttingProxy {
  readonly url: string
  /** Of the next COMMIT, or of the one after so many that pass. */
  cutNext(cut: Cut, passing?: number): void
  /** How many were cut. */
  cuts(): number
  close(): Promise<void>
}

/** `databaseUrl` names the folder of the server's socket as its host. */
export async function startProxy(databaseUrl: string): Promise<CuttingProxy> {
  const serverSocketDir = new URL(databaseUrl).searchParams.get('host') ?? ''
  const folder = await mkdtemp('/tmp/purser-proxy-')
  const open = new Set<Socket>()
  let armed: { readonly cut: Cut; passing: number } | undefined
  let cuts = 0
  const server = createServer((client) => {
    const upstream = connect(join(serverSocketDir, SOCKET))
    const both = [client, upstream]
    const end = () => {
      for (const socket of both) socket.destroy()
    }
    for (const socket of both) {
      open.add(socket)
      socket.on('error', end).on('close', () => {
        open.delete(socket)
        end()
      })
    }
    const isCut = (cut: Cut, chunk: Buffer, words: Buffer) => {
      if (armed?.cut !== cut || !chunk.includes(words)) return false
      if (armed.passing > 0) {
        armed.passing -= 1
        return false
      }
      armed = undefined
      cuts += 1
      end()
      return true
    }
    client.on('data', (chunk: Buffer) => {
      if (!isCut('unsent', chunk, COMMIT_ASKED)) upstream.write(chunk)
    })
    upstream.on('data', (chunk: Buffer) => {
      if (!isCut('unanswered', chunk, COMMIT_DONE)) client.write(chunk)
    })
  }).listen(join(folder, SOCKET))
  await once(server, 'listening')
  const url = new URL(databaseUrl)
  url.searchParams.set('host', folder)
  return {
    url: url.href,
    cutNext(cut, passing = 0) {
      armed = { cut, passing }
    },
    cuts: () => cuts,
    async close() {
      for (const socket of open) socket.destroy()
      server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
