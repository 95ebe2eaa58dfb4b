/** One repository of the same files for all tests of this process that commit nothing to it: jobs only read it. */
import { inject } from 'vitest'
import { filesOf, JobWorld, type WorldOptions } from './job-world.ts'

const shared = new Map<string, JobWorld>()

export function sharedWorld(options: Omit<WorldOptions, 'main'> = {}): JobWorld {
  const key = JSON.stringify(filesOf(options))
  const world = shared.get(key) ?? new JobWorld(options, inject('scratch'))
  shared.set(key, world)
  return world
}
