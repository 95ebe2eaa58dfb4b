/** Carries out `purser` in this process, where what it says is the point: to start another takes longer than what most commands do. */
import { Readable } from 'node:stream'
import { vi } from 'vitest'
import { runCommand } from '../../cli/program.ts'
import type { Said } from './purser.ts'

export async function purserHere(
  args: readonly string[],
  {
    cwd = process.cwd(),
    input = '',
    env = {},
  }: { cwd?: string; input?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Said> {
  const before = process.cwd()
  const environment = process.env
  const [out, err] = [gather(process.stdout), gather(process.stderr)]
  const stdin = Object.assign(Readable.from([Buffer.from(input)]), { fd: 0 as const })
  const read = vi.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as typeof process.stdin)
  process.chdir(cwd)
  process.env = { ...environment, ...env }
  try {
    await runCommand([process.execPath, 'purser', ...args])
    return { code: Number(process.exitCode ?? 0), stdout: out.said(), stderr: err.said() }
  } finally {
    process.exitCode = undefined
    process.env = environment
    process.chdir(before)
    read.mockRestore()
    out.restore()
    err.restore()
  }
}

function gather(stream: NodeJS.WriteStream) {
  let text = ''
  const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
    text += chunk
    return true
  })
  return { said: () => text, restore: () => spy.mockRestore() }
}
