/**
 * `npm run generated` writes everything in the repository that is made from something else; with `--check` it writes
 * nothing and exits 1 when a file is stale.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const makers = ['prices.ts', 'schemas.ts', 'reasons.ts', 'catalog-pages.ts', 'readme.ts', 'bundle.ts']

for (const maker of makers) {
  const file = fileURLToPath(new URL(maker, import.meta.url))
  const { status } = spawnSync(process.execPath, [file, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
