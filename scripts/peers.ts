/**
 * `npm run peers`: the command-line agents that Purser is tried with, at their pinned versions, into `.purser/peers`. They
 * are some 800 MB and no part of Purser: tests that need them say so where they are missing.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIME_PACKAGES } from '../core/plan/agent-runtime.ts'

const folder = fileURLToPath(new URL('../.purser/peers', import.meta.url))
const packages = Object.values(RUNTIME_PACKAGES).map((needed) => needed.package)

mkdirSync(folder, { recursive: true })
const manifest = join(folder, 'package.json')
// Without one npm would install into the project around it.
if (!existsSync(manifest)) writeFileSync(manifest, '{ "name": "purser-peers", "private": true }\n')
const { status } = spawnSync('npm', ['install', '--save-exact', '--no-audit', '--no-fund', ...packages], {
  cwd: folder,
  stdio: 'inherit',
  // Claude Code's package links its program by a script that wants a Node of our own age.
  env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` },
})
process.exitCode = status ?? 1
