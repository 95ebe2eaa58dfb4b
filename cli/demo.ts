/** `purser demo`: its stories, told on this machine. */
import { delimiter, dirname } from 'node:path'
import { playDemo } from '../demo/main.ts'
import { storyNames } from '../demo/names.ts'
import type { DemoOptions } from './commands/demo.ts'
import { type ExitCode, endWrongUsage, exitCodes } from './exit.ts'

export async function demo(options: DemoOptions): Promise<ExitCode> {
  const { story, all, live } = options
  if (all && story !== undefined) return endWrongUsage('--story and --all; expected one of them', options.json)
  if (live && story === 'quarter') {
    return endWrongUsage(
      '--live and --story quarter, in which no model is called; expected --live with --story month',
      options.json,
    )
  }
  // The story's repository is tested and its jobs run on this very Node, whatever Node the machine has besides.
  process.env.PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
  return (await playDemo({ ...options, stories: all ? storyNames : [story ?? 'month'] }))
    ? exitCodes.done
    : exitCodes.refused
}
