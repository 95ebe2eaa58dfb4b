/** `purser demo`: the story, told on this machine. */
import { delimiter, dirname } from 'node:path'
import { playDemo } from '../demo/main.ts'
import type { DemoOptions } from './commands/demo.ts'
import { type ExitCode, exitCodes } from './exit.ts'

export async function demo(options: DemoOptions): Promise<ExitCode> {
  // The story's repository is tested and its jobs run on this very Node, whatever Node the machine has besides.
  process.env.PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
  return (await playDemo(options)) ? exitCodes.done : exitCodes.refused
}
