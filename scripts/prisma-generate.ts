/**
 * `node scripts/prisma-generate.ts`: writes `prisma/client` from `prisma/schema.prisma`. Prisma's CLI is fetched for
 * this one command and is no dependency. Generating never runs the native schema engine that the CLI would
 * download first, so it is pointed at one that fails if it ever were run.
 */
import { spawnSync } from 'node:child_process'

const PRISMA_CLI = 'prisma@7.10.1'

const { status } = spawnSync('npx', ['-y', PRISMA_CLI, 'generate', '--schema', 'prisma/schema.prisma'], {
  cwd: new URL('..', import.meta.url),
  env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/false', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
