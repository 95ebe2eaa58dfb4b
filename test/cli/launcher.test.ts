/** `cli/purser.js` runs on an older Node and hands everything on to the packaged one. */
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { declared, folder, purser } from './purser.ts'

const MACHINE_NODE = '/usr/bin/node'
const version = spawnSync(MACHINE_NODE, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout ?? ''
const older = version !== '' && Number(version.split('.')[0]) < 24
const LAUNCHER = fileURLToPath(new URL('../../cli/purser.js', import.meta.url))

describe.skipIf(!older)('on the machine’s older Node', () => {
  it('hands on arguments, standard input, output and the exit code', async () => {
    const dir = folder(declared)
    expect(await purser(['check', dir], { node: MACHINE_NODE })).toEqual({
      code: 0,
      stdout: 'No problems.\n',
      stderr: '',
    })
    const input = '/agent reveiw'
    expect(await purser(['parse', '--dir', dir], { node: MACHINE_NODE, input })).toMatchObject({ code: 1 })
    expect(await purser(['chek'], { node: MACHINE_NODE })).toMatchObject({ code: 2 })
  })

  it('hands on a signal', async () => {
    const child = spawn(MACHINE_NODE, [LAUNCHER, 'parse', '--jsonl', '--dir', folder(declared)])
    const ended = new Promise((resolve) => child.on('close', (code) => resolve(code)))
    child.stdin.write('"/agent list"\n')
    // The answer shows that the command is running and waits for more.
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(128 + 15)
  })
})
