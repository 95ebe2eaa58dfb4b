/** `purser demo`: the story, told on this machine. */
import { playDemo } from '../demo/main.ts'
import type { DemoOptions } from './commands/demo.ts'
import { type ExitCode, exitCodes } from './exit.ts'

export async function demo(options: DemoOptions): Promise<ExitCode> {
  return (await playDemo(options)) ? exitCodes.done : exitCodes.refused
}
