/** The answers to `/agent list`, `/agent help` and `/agent status`. */
import { describe, expect, test } from 'vitest'
import { parseComment, verbs } from '../../../core/command/command.ts'
import { helpComment } from '../../../core/text/help-comment.ts'
import { listComment } from '../../../core/text/list-comment.ts'
import { statusComment } from '../../../core/text/status-comment.ts'
import { portfolio, quote } from './views.ts'

describe('list', () => {
  const text = listComment({
    workflows: [
      {
        name: 'refactor+tests',
        summary: 'Refactor what this pull request touches',
        portfolio: 'refactoring',
        quote,
        inputs: [
          { name: 'goal', type: 'string', description: 'What should be better', default: 'Keep behaviour' },
          { name: 'depth', type: 'number' },
        ],
        variants: [{ name: 'tests-first', summary: 'Tests before anything is moved', squad: 'payments' }],
      },
      { name: 'review', summary: 'Review it', quote: { runs: 0, capMicroUsd: 500_000n }, inputs: [], variants: [] },
    ],
  })

  test('shows each workflow with its price, its inputs and its variants as one writes them', () => {
    expect(text).toContain('**`/agent refactor+tests`** Refactor what this pull request touches')
    expect(text).toContain('never more than $2.50 (from 12 runs). Paid by portfolio **refactoring**.')
    expect(text).toContain('- input `goal` (string; `Keep behaviour` when left out): What should be better')
    expect(text).toContain('- input `depth` (number; has to be given)')
    expect(text).toContain(
      '- variant `refactor+tests/tests-first`, by squad **payments**: Tests before anything is moved',
    )
  })

  test('says of a workflow that nothing pays for that it can’t be started', () => {
    expect(text.slice(text.indexOf('/agent review'))).toContain('No portfolio pays for it')
  })

  test('says that there is nothing', () => {
    expect(listComment({ workflows: [] })).toContain('Nothing is on offer')
  })
})

describe('help', () => {
  test('shows every verb, and what is on offer here', () => {
    expect(helpComment({ workflows: ['review', 'changelog'] })).toContain('On offer here: `review`, `changelog`.')
    const all = helpComment({ workflows: [] })
    expect(all.match(/^\| `\/agent /gm)).toHaveLength(verbs.length + 1)
    expect(all).toContain('No workflow can be started here yet.')
  })

  test('what it shows can be typed', () => {
    const all = helpComment({ workflows: ['review'] })
    for (const [, written = ''] of all.matchAll(/^\| `(\/agent [^`]+)`/gm)) {
      const typed = written
        .replaceAll(/[[\]]/g, '')
        .replaceAll('<workflow>/<variant>', 'review/deep')
        .replace('<agent>', 'engineer')
        .replace('<reason>', 'too-dear')
        .replace('name=value ...', 'name=value')
      expect(parseComment(typed), typed).toMatchObject({ kind: 'command' })
    }
    const [, example = ''] = /For example: `([^`]+)`/.exec(all) ?? []
    expect(parseComment(example)).toMatchObject({ kind: 'command', verb: 'run', workflow: 'review' })
  })
})

describe('status', () => {
  test('shows where each session stands, what it cost and what is left', () => {
    const ceiling = { ceilingMicroUsd: 2_500_000n, spentMicroUsd: 700_000n, heldMicroUsd: 0n }
    const session = {
      sessionId: 's1',
      workflow: 'review',
      spentMicroUsd: 0n,
      capMicroUsd: 2_500_000n,
      ceiling,
    } as const
    const text = statusComment({
      sessions: [
        { ...session, phase: 'quoted' },
        {
          ...session,
          sessionId: 's2',
          variant: 'deep',
          phase: 'running',
          spentMicroUsd: 300_000n,
          commentUrl: 'https://u/c',
        },
        { ...session, phase: 'ended', conclusion: 'capped', outcome: 'reworked' },
        { ...session, phase: 'started' },
        { ...session, phase: 'running', told: 'rest', ceiling: { ...ceiling, heldMicroUsd: 1_000_000n } },
        { ...session, phase: 'ended', conclusion: 'cancelled', reason: 'paused' },
      ],
      accounts: [portfolio],
    })
    expect(text).toContain(
      '| `s1` | `review` | waits for `/agent go` | $0.00 of at most $2.50 | $0.70 spent of a ceiling of $2.50 |  |',
    )
    expect(text).toContain('| [`s2`](https://u/c) | `review/deep` | at work | $0.30 of at most $2.50 | $0.70 spent')
    expect(text).toContain('| capped | $0.00 of at most $2.50 | $0.70 spent of a ceiling of $2.50 | reworked |')
    expect(text).toContain('waits for its job')
    expect(text).toContain('| told to rest | $0.00 of at most $2.50 | $0.70 spent and $1.00 held of')
    expect(text).toContain('| paused |')
    expect(text).toContain('$31.20 of $40.00 left until 2026-12-01')
  })

  test('says that there is none', () => {
    expect(statusComment({ sessions: [], accounts: [] })).toContain('None yet.')
  })
})
