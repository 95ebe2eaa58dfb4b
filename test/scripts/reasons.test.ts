import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { reasons } from '../../core/reason.ts'
import { reasonsPage } from '../../scripts/reasons.ts'

test('docs/reasons.md is what the registry says; `npm run generated` writes it', () => {
  expect(readFileSync(new URL('../../docs/reasons.md', import.meta.url), 'utf8')).toBe(reasonsPage())
})

test('every code has a heading of its own, in the section of its kind', () => {
  const [refusal = '', conclusion = '', both = ''] = reasonsPage().split(/## (?:Conclusions|Both)\n/)
  const sections = { refusal, conclusion, both }
  for (const [code, reason] of Object.entries(reasons)) {
    expect(
      sections[reason.kind].split(`### \`${code}\`\n\n${reason.says}\n\n**What to do:** ${reason.todo}`),
    ).toHaveLength(2)
  }
})
