/**
 * `node scripts/prisma-generate.ts`: formats `prisma/schema.prisma` and writes `prisma/client` from it. Prisma's CLI is
 * fetched for these two commands and is no dependency. Neither runs the native schema engine that the CLI would
 * download first, so it is pointed at one that fails if it ever were run.
 */
import { spawnSync } from 'node:child_process'

const PRISMA_CLI = 'prisma@7.10.1'

for (const command of ['format', 'generate']) {
  const { status } = spawnSync('npx', ['-y', PRISMA_CLI, command, '--schema', 'prisma/schema.prisma'], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
    stdio: 'inherit',
  })
  if (status !== 0) {
    process.exitCode = 1
    break
  }
}
