/** The small process from which git is started; see `git-process.ts`. */
import { spawn } from 'node:child_process'

/** Longer than any git command on the small repositories of tests takes. */
const timeoutMs = 60_000

export type GitOrder = { id: number; cwd: string; args: string[]; input: Uint8Array; env: Record<string, string> }
export type GitAnswer = { id: number } & ({ code: number; stdout: Uint8Array; stderr: string } | { problem: string })

process.on('message', ({ id, cwd, args, input, env }: GitOrder) => {
  const child = spawn('git', args, { cwd, env, timeout: timeoutMs })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.on('error', (error) => answer({ id, problem: error.message }))
  child.on('close', (code) =>
    answer({ id, code: code ?? 128, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }),
  )
  // Git may end without reading all of its input; what it says then is on stderr.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
})
// A Ctrl-C reaches the whole group, and must not end this one before the demo has closed its stage.
process.on('SIGINT', () => {})

function answer(message: GitAnswer): void {
  if (process.connected) process.send?.(message)
}
