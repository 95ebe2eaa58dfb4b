/** The small repository of the story, `demo/shop`, and the pull requests that people open on it, `demo/pulls`. */
import { fileURLToPath } from 'node:url'
import { starterActionsWorkflow } from '../cli/write/starter.ts'
import { filesBelow } from '../test/world/files.ts'

export const OWNER = 'acme'
export const REPO = 'shop'

/** What the shop's `npm test` runs, without npm's start-up. */
export const SHOP_TESTS = 'node --test --test-isolation=none'

/** The first commit: the shop, what it declares, and the Actions workflow that `purser init` writes. */
export function shopFiles() {
  return { ...filesBelow(folder('shop')), '.github/workflows/purser.yml': starterActionsWorkflow() }
}

export function pullFiles(name: string) {
  return filesBelow(folder(`pulls/${name}/pull`))
}

function folder(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
