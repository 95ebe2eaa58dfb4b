import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

// Each file's process loads the same packages again; compiled once, they load in half the time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/vitest', import.meta.url))

export default defineConfig({
  test: {
    globalSetup: ['test/app/database/setup.ts', 'test/action/setup.ts'],
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // More than twice the cores that CI has: while one waits for a database or a process, the others go on.
    maxWorkers: 5,
    // Each process loads the packages and compiles PGlite once. A file puts back what it changes of its process.
    isolate: false,
    execArgv: [
      // To compile PGlite's functions again, better, takes longer than the tests use them.
      '--liftoff-only',
      // What a test makes is mostly gone before a larger young generation has to be gone through.
      '--max-semi-space-size=64',
    ],
    sequence: { sequencer: LongestFirst },
    coverage: { provider: 'v8', include: ['core/**', 'action/**', 'app/**', 'cli/**'], exclude: ['action/dist/**'] },
  },
})
