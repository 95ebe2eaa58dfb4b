import { spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gitEnv } from './git-process.ts'

/** Whether a path is one of git's smart HTTP, and of which repository. `.git` may be left out, as on GitHub. */
export function gitRequest(path: string): { repository: string; rest: string } | null {
  const found = /^\/([^/]+\/[^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(path)
  return found ? { repository: found[1] ?? '', rest: found[2] ?? '' } : null
}

/**
 * Lets git's own `http-backend` answer. `finish` is awaited before the answer ends: a client that has pushed
 * finds what follows from it (webhooks queued, heads moved) already done. Resolves with the status.
 */
export function serveGit(
  request: IncomingMessage,
  response: ServerResponse,
  at: { gitDir: string; rest: string; user: string },
  finish: () => Promise<void>,
): Promise<number> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const child = spawn('git', ['http-backend'], {
    env: {
      ...gitEnv,
      GIT_PROJECT_ROOT: at.gitDir,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: at.user,
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: `/${at.rest}`,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  })
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0)
    let status = 0
    child.on('error', reject)
    child.stdin.on('error', () => undefined)
    request.pipe(child.stdin)
    child.stdout.on('data', (chunk: Buffer) => {
      if (status !== 0) return void response.write(chunk)
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      const headers = parseHead(head.subarray(0, end).toString())
      status = headers.status
      response.writeHead(status, headers.fields)
      response.write(head.subarray(end + 4))
    })
    child.on('close', () => {
      if (status === 0) response.writeHead(500)
      finish().then(() => {
        response.end()
        resolve(status || 500)
      }, reject)
    })
  })
}

function parseHead(text: string): { status: number; fields: Record<string, string> } {
  const fields: Record<string, string> = {}
  let status = 200
  for (const row of text.split('\r\n')) {
    const at = row.indexOf(': ')
    const name = row.slice(0, at)
    const value = row.slice(at + 2)
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10)
    else fields[name] = value
  }
  return { status, fields }
}
