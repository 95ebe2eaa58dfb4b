/** `refactor+tests`, `review` and `changelog` on the till. */
import { conversation } from '../../world/model-script.ts'
import { call, MENDED } from './turns.ts'

const TESTS = 'test/split.test.js'

export const refactor = conversation('Refactor the code that this change touches.\n', [
  { toolCalls: [call('read', { path: MENDED.path }), call('read', { path: TESTS })] },
  { toolCalls: [call('write', MENDED), call('run', { command: 'npm test' })] },
  { text: 'Deal the remainder out\n\nA failing test named a defect in the touched code, which is mended.' },
])

export const tests = conversation('Cover the refactored code with tests', [
  { toolCalls: [call('read', { path: TESTS })] },
  {
    toolCalls: [
      call('edit', {
        path: TESTS,
        old: "test('refuses a bill",
        new: "test('gives a single payer everything', () => assert.deepEqual(split(7, 1), [7]))\n\ntest('refuses a bill",
      }),
    ],
  },
  { text: 'Cover a single payer' },
])

export const review = conversation('Review this pull request', [
  { toolCalls: [call('read', { path: 'src/split.js' }), call('search', { pattern: 'split\\(' })] },
  {
    text: JSON.stringify({
      summary: 'Not safe to merge: it loses money.',
      findings: [
        {
          path: 'src/split.js',
          line: 4,
          endLine: null,
          severity: 'high',
          text: 'The remainder is dropped: `split(1000, 3)` sums to 999. Deal it out to the first payers.',
          suggestion: null,
        },
      ],
    }),
  },
])

export const changelog = conversation('up to date with what was just pushed', [
  { toolCalls: [call('read', { path: 'CHANGELOG.md' })] },
  {
    toolCalls: [
      call('edit', {
        path: 'CHANGELOG.md',
        old: '## Unreleased\n',
        new: '## Unreleased\n\n### Fixed\n\n- Shares of a bill add up to the bill again.\n',
      }),
    ],
  },
  { text: 'Name the mended shares' },
])
