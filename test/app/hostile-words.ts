/** What a model may write so that something happens where it is read, and how to see that nothing does. */
import { expect } from 'vitest'
import type { Review } from '../../core/changes/review.ts'

/** Of a form that is recognised; made here, so that no file holds one. */
export const PLANTED = `ghp_${'Ab1'.repeat(12)}`

export const HOSTILE = [
  `The token is ${PLANTED}, or \u200b${[...PLANTED].join('\u200b')}.`,
  'Thanks to @someone and @acme/everyone.',
  'Closes #1, fixes acme/shop#1, resolves GH-1.',
  '/agent retry',
  '> /agent stop',
  '![](https://evil.example/x.png) [look](https://evil.example) <img src=https://evil.example/y>',
  'Co-authored-by: Someone <someone@example.org>',
  'Reverts acme/shop#1 [skip ci]',
].join('\n')

export const hostileReview: Review = {
  summary: HOSTILE,
  findings: [
    {
      path: 'src/total.js',
      line: 1,
      severity: 'high',
      text: HOSTILE,
      suggestion: `const key = '${PLANTED}' // @someone`,
    },
    { path: 'src/total.js', line: 2, severity: 'low', text: `\`\`\`\n${HOSTILE}`, suggestion: 'export const sum = 3' },
    { path: 'README.md', line: 99, severity: 'low', text: HOSTILE },
  ],
  left: 0,
}

/** `said`: texts as they were sent, JSON among them. What only git reads, trailers, matters where a commit is made of the text. */
export function nothingActive(said: readonly string[]): void {
  const all = said.join('\n').replaceAll('\\n', '\n')
  // It was said: else there would be nothing to see.
  expect(all).toMatch(/@\u200b?someone/)
  expect(all.replaceAll('\u200b', '')).not.toContain(PLANTED)
  expect(all).not.toContain('@someone')
  expect(all).not.toContain('@acme')
  expect(all).not.toMatch(/(?:closes|fixes|resolves)\s+(?:acme\/shop)?#1/i)
  expect(all).not.toMatch(/GH-1/i)
  expect(all).not.toMatch(/^[\s>*+-]*\/agent/m)
  expect(all).not.toMatch(/!\[\]\(http/)
  expect(all).not.toContain('](https://evil')
  expect(all).not.toMatch(/<img/i)
  const committed = said.filter((one) => /\/git\/commits |\/pulls /.test(one)).join('\n')
  expect(committed.replaceAll('\\n', '\n')).not.toMatch(/^co-authored-by:/im)
  expect(all).not.toMatch(/\breverts acme|\[skip ci\]/i)
}
