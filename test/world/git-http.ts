import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { tryGit } from './git-process.ts'

/** Whether a path is one of git's smart HTTP, and of which repository. `.git` may be left out, as on GitHub. */
export function gitRequest(path: string): { repository: string; rest: string } | null {
  const found = /^\/([^/]+\/[^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(path)
  return found ? { repository: found[1] ?? '', rest: found[2] ?? '' } : null
}

/**
 * Lets git's own `http-backend` answer, which a small process starts. `finish` is awaited before the answer is sent: a
 * client that has pushed finds what follows from it (webhooks queued, heads moved) already done. Resolves with the status.
 */
export async function serveGit(
  request: IncomingMessage,
  response: ServerResponse,
  at: { gitDir: string; rest: string; user: string },
  finish: () => Promise<void>,
): Promise<number> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const body = await buffer(request)
  const { stdout } = await tryGit(at.gitDir, ['http-backend'], body, {
    GIT_PROJECT_ROOT: at.gitDir,
    GIT_HTTP_EXPORT_ALL: '1',
    REMOTE_USER: at.user,
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: `/${at.rest}`,
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    CONTENT_LENGTH: String(body.length),
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
  })
  const end = stdout.indexOf('\r\n\r\n')
  const { status, fields } = end < 0 ? { status: 500, fields: {} } : parseHead(stdout.subarray(0, end).toString())
  await finish()
  response.writeHead(status, fields).end(end < 0 ? '' : stdout.subarray(end + 4))
  return status
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
