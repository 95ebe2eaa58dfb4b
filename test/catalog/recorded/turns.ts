/** What the recorded scripts have in common. */
import { readFileSync } from 'node:fs'
import type { ModelReply } from '../../world/model-contract.ts'

export function call(name: string, args: Record<string, unknown>): NonNullable<ModelReply['toolCalls']>[number] {
  return { name, arguments: args }
}

/** The arguments of `write` that mend the till. */
export const MENDED = {
  path: 'src/split.js',
  content: readFileSync(new URL('../till/2-mend/src/split.js', import.meta.url), 'utf8'),
}
