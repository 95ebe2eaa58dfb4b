#!/usr/bin/env node
/**
 * Starts the command line on the Node 24 that comes as a package, whatever Node runs this file. Plain JavaScript that
 * any Node from 18 on can read.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as module from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_LEAST = 24
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_LEAST) {
  // Halves the start of every later command; where the folder can't be written, nothing is kept.
  module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/purser', import.meta.url)))
  await import('./main.ts')
} else {
  const node = packagedNode()
  if (node === undefined) {
    console.error(
      `purser needs Node ${NODE_MAJOR_LEAST}, and this is ${process.version}; expected the package \`node\` beside it; for example after \`npm ci\``,
    )
    process.exitCode = 1
  } else {
    runOn(node)
  }
}

function packagedNode() {
  try {
    const file = module.createRequire(import.meta.url).resolve('node/package.json')
    const node = join(dirname(file), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(node) ? node : undefined
  } catch {
    return undefined
  }
}

function runOn(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  // From a terminal the child gets Ctrl-C by itself; from a supervisor it gets only what is passed on.
  const forward = (signal) => child.kill(signal)
  for (const signal of SIGNALS) process.on(signal, forward)
  child.on('error', (error) => {
    console.error(`purser could not start ${node}: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    for (const forwarded of SIGNALS) process.off(forwarded, forward)
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal]
  })
}
