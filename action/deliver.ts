/** The entry of `delivery/action.yml`: the second job of a repository without an App, which may write and has no key. */
import './job/plain-schemas.ts'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deliverReport } from './job/deliver-report.ts'

const packageDir = fileURLToPath(new URL(import.meta.url.includes('/dist/') ? '../../' : '../', import.meta.url))
const { env } = process

deliverReport({
  environment: env,
  temporaryDir: env.RUNNER_TEMP ?? tmpdir(),
  builtInDir: join(packageDir, 'catalog'),
  write: (text) => process.stdout.write(text),
  now: () => new Date(),
}).then((code) => {
  process.exitCode = code
})
