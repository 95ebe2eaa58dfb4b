/**
 * The folder for what a test's process makes once for all of its files: such a process is ended without a word, so it can't
 * remove anything by itself. And the Action's bundle, made once from the sources for every test that starts a job: it is what runs in production, and
 * starts in a tenth of the processor time that the sources take.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { makeBundle } from './bundle.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder of the Action, as a job has it. */
    readonly action: string
    /** Gone when all tests have ended. */
    readonly scratch: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { dir, main, post } = await makeBundle()
  const scratch = await mkdtemp(join(tmpdir(), 'purser-scratch-'))
  project.provide('action', dir)
  project.provide('scratch', scratch)
  process.env.PURSER_TEST_MAIN = main
  process.env.PURSER_TEST_POST = post
  return async () => {
    for (const made of [dir, scratch]) await rm(made, { recursive: true, force: true })
  }
}
