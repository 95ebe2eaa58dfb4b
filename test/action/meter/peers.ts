/** The command-line agents as `npm run peers` installs them. Tests that need them say loudly when they are left out. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const PEERS = join(fileURLToPath(new URL('../../..', import.meta.url)), '.purser/peers/node_modules/.bin')
export const peers = existsSync(join(PEERS, 'codex')) && existsSync(join(PEERS, 'claude'))

if (!peers) {
  process.stderr.write(
    'LEFT OUT: tests of codex and Claude Code, which are not installed. `npm run peers` brings them (some 800 MB).\n',
  )
}
