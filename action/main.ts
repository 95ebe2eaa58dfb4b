/** The Action's entry. Everything it decides is in runner.ts, which is loaded while what takes time is under way. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keepCompiledCode } from './job/compiled-code.ts'

const packageDir = fileURLToPath(new URL(import.meta.url.includes('/dist/') ? '../../' : '../', import.meta.url))
// Compiled code is kept beside the bundle, as well guarded as the bundle itself; where that can't be written, it is not.
// That begins here, so nothing else of our own is loaded before.
if (!process.env.NODE_DISABLE_COMPILE_CACHE) keepCompiledCode(join(packageDir, 'action/.compile-cache'))
void main(process.env)

async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const { startEarly } = await import('./job/early.ts')
  const isOwnPush = !env['INPUT_APP-URL'] && !env.GITHUB_EVENT_NAME?.startsWith('pull_request')
  const early = startEarly(env, {
    temporaryDir: env.RUNNER_TEMP ?? tmpdir(),
    objectsDir: env.GITHUB_WORKSPACE && join(env.GITHUB_WORKSPACE, '.git/objects'),
    commit: isOwnPush ? env.GITHUB_SHA : undefined,
    sandbox: env.PURSER_SANDBOX === 'none' ? 'none' : 'bubblewrap',
  })
  // What goes wrong is told by `run`, which is not there yet.
  early.catch(() => {})
  const { run } = await import('./runner.ts')
  process.exitCode = await run({
    environment: env,
    early,
    builtInDir: join(packageDir, 'catalog'),
    write: (text) => process.stdout.write(text),
    onInterrupt: (stop) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
    },
    now: () => new Date(),
    monotonicMs: () => performance.now(),
  })
  await early.then(({ checkout }) => checkout.objects.close()).catch(() => {})
}
