/**
 * Installs the packages of the lock file where they are missing or differ. Runs before `npm test` and `npm run demo`,
 * so that a fresh clone needs no other command. Plain JavaScript: it is what runs on whatever Node the machine has,
 * and it brings the Node 24 that everything else runs on.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const root = new URL('../', import.meta.url)

if (!upToDate()) {
  console.error('Installing packages by package-lock.json …')
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    // npm hands the running script's own settings down; `ci` must not take its `--json` for itself.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'npm_config_json')),
  })
  if (status !== 0) {
    console.error(`\`npm ci\` failed${error ? `: ${error.message}` : ''}; its output above says why.`)
    process.exit(1)
  }
}

/** npm keeps what it installed in a hidden lock file; every package of ours must be there at the same version. */
function upToDate() {
  const wanted = read('package-lock.json')
  const installed = read('node_modules/.package-lock.json')
  if (!wanted || !installed) return false
  return Object.entries(wanted.packages).every(
    ([path, entry]) =>
      path === '' || (installed.packages[path]?.version ?? (entry.optional && entry.version)) === entry.version,
  )
}

function read(path) {
  try {
    return JSON.parse(readFileSync(new URL(path, root), 'utf8'))
  } catch {
    return undefined
  }
}
