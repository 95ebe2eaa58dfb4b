/** The small process from which others are started; see `start.ts`. */
import { spawn } from 'node:child_process'

export interface Order {
  readonly id: number
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly input: Uint8Array
  /** Whether it leads a group of its own. */
  readonly detached: boolean
  readonly timeoutMs: number | undefined
}

export type Told = { readonly id: number } & (
  | { readonly pid: number }
  | { readonly from: 'out' | 'err'; readonly chunk: Uint8Array }
  | { readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly problem: string }
)

process.on('message', ({ id, program, args, cwd, env, input, detached, timeoutMs }: Order) => {
  const child = spawn(program, args, { cwd, env, detached, timeout: timeoutMs })
  if (child.pid !== undefined) tell({ id, pid: child.pid })
  child.stdout.on('data', (chunk: Buffer) => tell({ id, from: 'out', chunk }))
  child.stderr.on('data', (chunk: Buffer) => tell({ id, from: 'err', chunk }))
  child.on('error', (error) => tell({ id, problem: error.message }))
  child.on('close', (code, signal) => tell({ id, code, signal }))
  // It may end without reading all of its input; what it says then is on stderr.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
})
// A Ctrl-C reaches the whole group, and must not end this one before the demo has closed its stage.
process.on('SIGINT', () => {})

function tell(message: Told): void {
  if (process.connected) process.send?.(message)
}
