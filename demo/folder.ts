/** The folder that keeps what the demo made: repository, ledger, jobs and texts. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Below the folder that one stands in; git ignores it in Purser's own repository. */
const FOLDER_DEFAULT = '.purser/demo'
/** How many demos may run beside each other in default folders. */
const DEFAULTS_MAX = 20
/** Says that a folder is a demo's own, so that the next one may empty it, and holds the id of its process. */
const MARK = '.purser-demo'

/** Answers the folder, emptied of an earlier demo; or says why it can't be used. */
export function prepareFolder(chosen: string | undefined): { dir: string } | { problem: string } {
  if (chosen !== undefined) return prepare(resolve(chosen))
  for (let number = 1; number < DEFAULTS_MAX; number += 1) {
    const path = resolve(number === 1 ? FOLDER_DEFAULT : `${FOLDER_DEFAULT}-${number}`)
    if (!isInUse(path)) return prepare(path)
  }
  return { problem: `${resolve(FOLDER_DEFAULT)}: ${DEFAULTS_MAX} demos run already; end one by Ctrl-C` }
}

function prepare(path: string): { dir: string } | { problem: string } {
  const names = namesIn(path)
  if (names === undefined)
    return { problem: `--dir: ${path} is not a folder; expected one that is empty or new; for example --dir ./demo` }
  if (names.length > 0 && !names.includes(MARK)) {
    return {
      problem: `--dir: ${path} holds other files; expected a folder that is empty, new or of an earlier demo; for example --dir ./demo`,
    }
  }
  if (isInUse(path)) return { problem: `--dir: a demo is running in ${path}; expected another folder` }
  for (const name of names) rmSync(join(path, name), { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, MARK), `${process.pid}\n`)
  return { dir: path }
}

function namesIn(path: string): string[] | undefined {
  if (!existsSync(path)) return []
  try {
    return readdirSync(path)
  } catch {
    return undefined
  }
}

/** Whether the process that marked the folder is alive. */
function isInUse(path: string): boolean {
  try {
    process.kill(Number(readFileSync(join(path, MARK), 'utf8')), 0)
    return true
  } catch {
    return false
  }
}
