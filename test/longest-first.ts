/** Starts the files that take long first, so that no core is idle while the last of them ends. */
import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * By where they lie: the longest of all; then what starts many processes, while those that it starts them from are small, since
 * a process that has held databases takes ten times as long to fork; what only computes comes last.
 */
const ORDER = [
  'test/acceptance/quarter',
  'test/action/',
  'test/cli/',
  'test/catalog/',
  'test/acceptance/',
  'test/app/',
  'test/simulation/',
]

export class LongestFirst extends BaseSequencer {
  /** Within a folder as vitest itself has it: by what earlier runs took, else by size. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const root = this.ctx.config.root
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = ORDER.findIndex((folder) => relative(root, moduleId).startsWith(folder))
      return at < 0 ? ORDER.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}
