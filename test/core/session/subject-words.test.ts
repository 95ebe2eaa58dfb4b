import { describe, expect, it } from 'vitest'
import { SUBJECT_LOG_CHARACTERS_MAX, SUBJECT_TEXT_CHARACTERS_MAX } from '../../../core/session/subject-bounds.ts'
import { discussion, failedLog, withoutAccounts } from '../../../core/session/subject-words.ts'

describe('what is written on a subject', () => {
  it('is the opening and then the comments, each with its time', () => {
    const comments = [
      { at: '2026-11-20T14:10:00Z', text: 'It began.' },
      { at: '2026-11-20T14:50:00Z', text: 'Reverted.\n' },
    ]
    expect(discussion('Receipts are short.\n', comments)).toBe(
      'Receipts are short.\n\nA comment of 2026-11-20T14:10:00Z:\nIt began.\n\nA comment of 2026-11-20T14:50:00Z:\nReverted.',
    )
    expect(discussion('')).toBe('')
  })

  it('keeps the newest comments within its bound and says that there are more', () => {
    const comments = Array.from({ length: 40 }, (_, index) => ({ at: `${index}`, text: `${index} `.repeat(2_000) }))
    const text = discussion('x'.repeat(100_000), comments)
    expect(text.length).toBeLessThanOrEqual(SUBJECT_TEXT_CHARACTERS_MAX)
    expect(text).toContain('A comment of 39:')
    expect(text).not.toContain('A comment of 3:')
    expect(text).toContain('older comments are left out')
  })

  it.each([
    ['cc @dev, @mira-k. Thanks', 'cc somebody, somebody. Thanks'],
    ['(@dev)', '(somebody)'],
    ['of @acme/payments and @types/node', 'of @acme/payments and @types/node'],
    ['dev@example.org at node_modules/@octokit', 'dev@example.org at node_modules/@octokit'],
    [
      '`@Test` and\n```ts\n@Injectable() class A {}\n```\n@dev',
      '`@Test` and\n```ts\n@Injectable() class A {}\n```\nsomebody',
    ],
  ])('names no account: %s', (text, expected) => expect(withoutAccounts(text)).toBe(expected))
})

describe('what CI printed', () => {
  it('ends with the last error, without stamps and colours', () => {
    const log = [
      '\uFEFF2026-11-20T14:10:00.1234567Z ##[group]Run npm test',
      '2026-11-20T14:10:01.1234567Z \u001B[31mnot ok\u001B[0m 1 - loses no cent',
      '2026-11-20T14:10:02.1234567Z ##[error]Process completed with exit code 1.',
      '2026-11-20T14:10:03.1234567Z Post job cleanup.',
      '',
    ].join('\r\n')
    expect(failedLog(log)).toBe(
      '##[group]Run npm test\nnot ok 1 - loses no cent\n##[error]Process completed with exit code 1.',
    )
    expect(failedLog('test\tRun npm test\t2026-11-20T14:10:00.1Z not ok 1')).toBe('not ok 1')
  })

  it('is bounded from its end, by whole lines', () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`)
    const text = failedLog(lines.join('\n'))
    expect(text.length).toBeLessThanOrEqual(SUBJECT_LOG_CHARACTERS_MAX)
    expect(text).toMatch(/^line \d+\n[\s\S]*\nline 4999$/)
    expect(failedLog('x'.repeat(100_000))).toHaveLength(SUBJECT_LOG_CHARACTERS_MAX)
  })
})
