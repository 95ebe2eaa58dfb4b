import { describe, expect, it } from 'vitest'
import { readStructured } from '../../../action/agent/answer-format.ts'

describe('an answer that has to be JSON', () => {
  it.each(['{"a": 1}', ' \n{"a": 1}\n', '```json\n{"a": 1}\n```', '\n```\n\n{"a": 1}\n\n```\n'])(
    'is read of %j',
    async (text) => {
      expect(await readStructured({ type: 'object', required: ['a'] }, text)).toEqual({ value: { a: 1 } })
    },
  )

  it.each(['', '```', '```json\n```', '```json {', '{}\n```', `\`\`\`${'\n'.repeat(8_000)}x`])(
    'is none in %#',
    async (text) => {
      expect(await readStructured({ type: 'object' }, text)).toEqual({ problem: 'it is not one JSON document' })
    },
  )
})
