/** The Action's entry. Everything it decides is in runner.ts. */
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { run } from './runner.ts'

process.exitCode = await run({
  environment: process.env,
  packageDir: packageDirectory(import.meta.url),
  temporaryDir: tmpdir(),
  write: (text) => process.stdout.write(text),
  onInterrupt: (stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  },
  now: () => new Date(),
  monotonicMs: () => performance.now(),
})

/** The bundle lies in `action/dist/`, this source in `action/`. */
function packageDirectory(url: string): string {
  return fileURLToPath(new URL(url.includes('/dist/') ? '../../' : '../', url))
}
