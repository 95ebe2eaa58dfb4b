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
    // Two cores: more workers only make the real databases and processes wait for each other.
    maxWorkers: 2,
    // Each core's process loads the packages and compiles PGlite once. A file puts back what it changes of its process.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    coverage: { provider: 'v8', include: ['core/**', 'action/**', 'app/**', 'cli/**'], exclude: ['action/dist/**'] },
  },
})
