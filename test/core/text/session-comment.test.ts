import { describe, expect, test } from 'vitest'
import { sessionIdOf } from '../../../core/text/marker.ts'
import { quoteComment } from '../../../core/text/quote-comment.ts'
import { quoteLine, smallerHoldLine } from '../../../core/text/quote-line.ts'
import type { SessionState } from '../../../core/text/session-comment.ts'
import { sessionComment } from '../../../core/text/session-comment.ts'
import type { WorkDone } from '../../../core/text/work-done.ts'
import { completed, portfolio, quote, session, sprint, withheld } from './views.ts'

describe('the price in one sentence', () => {
  test.each([
    [quote, 'Usually $0.80, nine in ten under $1.90, never more than $2.50 (from 12 runs).'],
    // Nine in ten of fewer than ten runs are all of them.
    [{ ...quote, runs: 4 }, 'Usually $0.80, so far at most $1.90, never more than $2.50 (from 4 runs).'],
    [
      { ...quote, usualMicroUsd: 1_904_999n, nineInTenMicroUsd: 1_904_999n, capMicroUsd: 2_504_999n },
      'Usually $1.90, nine in ten under $1.91, never more than $2.51 (from 12 runs).',
    ],
    // What nine in ten cost exactly, they did not stay under.
    [
      { ...quote, nineInTenMicroUsd: 1_900_000n },
      'Usually $0.80, nine in ten under $1.91, never more than $2.50 (from 12 runs).',
    ],
    [
      { ...quote, usualMicroUsd: 0n, nineInTenMicroUsd: 0n },
      'Usually $0.00, nine in ten under $0.01, never more than $2.50 (from 12 runs).',
    ],
    [{ ...quote, nineInTenMicroUsd: 2_500_000n }, 'Usually $0.80, never more than $2.50 (from 12 runs).'],
    [{ ...quote, runs: 1 }, 'The one run so far cost $0.80; never more than $2.50.'],
    [{ runs: 0, capMicroUsd: 2_500_000n }, 'No history yet; never more than $2.50.'],
    // A cap below the history must not make the sentence contradict itself.
    [{ ...quote, capMicroUsd: 1_000_000n }, 'Usually $0.80, never more than $1.00 (from 12 runs).'],
    [
      { ...quote, capMicroUsd: 500_000n },
      'Such runs usually cost $0.80; this one never more than $0.50, and keeps its work if it gets there (from 12 runs).',
    ],
  ])('%#', (given, sentence) => {
    expect(quoteLine(given)).toBe(sentence)
  })
})

test('what is left of what was asked for is there', () => {
  expect(smallerHoldLine({ ...quote, capMicroUsd: 2_496_000n, askedMicroUsd: 2_500_000n })).toBe(
    'Only $2.49 of the $2.50 asked for is left, so the run has to get by with that.',
  )
})

describe('from the quote to the outcome', () => {
  const states = {
    quoted: session({ phase: 'quoted', confirmOverMicroUsd: 2_000_000n }),
    started: session({ phase: 'started', actionsUrl: 'https://github.com/acme/shop/actions/runs/77' }),
    running: session({ phase: 'running', step: 'tests', spentMicroUsd: 120_000n }),
    ended: session({ phase: 'ended', run: completed }),
  }

  test.each(Object.entries(states))(
    '%s: it is marked, and says price, payer, purpose and what is left',
    (_phase, view) => {
      const text = sessionComment(view)
      expect(sessionIdOf(text)).toBe('s_42')
      expect(text).toContain('### `refactor+tests`: ')
      expect(text).toContain('Usually $0.80, nine in ten under $1.90, never more than $2.50')
      expect(text).toContain('Portfolio **refactoring** (Safer, faster refactors; value: quality)')
      expect(text).toContain('$31.20 of $40.00 left until 2026-12-01')
      // Words of the program that people aren't bothered with.
      expect(text).not.toMatch(/p50|p90|\bhold\b|settle|undefined|micro/i)
    },
  )

  test('quoted: waits, says why, and how to go on', () => {
    const text = sessionComment(states.quoted)
    expect(text).toContain('this portfolio asks first above $2.00')
    expect(text).toContain('`/agent go`')
  })

  test('started and running: lead to the job and tell how far it is', () => {
    expect(sessionComment(states.started)).toContain('[the job](https://github.com/acme/shop/actions/runs/77)')
    expect(sessionComment(states.running)).toContain('at step `tests`; $0.12 spent so far')
  })

  test('ended: the cost against the quote, the delivery, the steps, and how to say what one thinks of it', () => {
    const text = sessionComment(states.ended)
    expect(text).toContain('It cost $0.62 of at most $2.50.')
    expect(text).toContain('**Quoted beforehand:** Usually $0.80')
    expect(text).toContain('commit [`a1b2c3d`](https://github.com/acme/shop/commit/a1b2c3d4e5f6)')
    expect(text).toContain('| `before` | command | failed (noted; it says how things stood before) |')
    expect(text).toContain('| `refactor` | agent | passed | 7 | 1 | $0.41 |')
    expect(text).toContain('| `tests` | agent | did not pass | 5 | 3 | $0.21 |')
    for (const label of ['agent/accepted', 'agent/reworked', 'agent/rejected']) expect(text).toContain(`\`${label}\``)
    expect(text).not.toContain('**Why:**')
  })

  test('the outcome takes the place of the question, and a pending one doesn’t', () => {
    const outcome = { outcome: 'accepted', rule: 'built-in rule 7: merged' } as const
    const text = sessionComment(session({ phase: 'ended', run: completed, outcome }))
    expect(text).toContain('**Outcome: accepted** (built-in rule 7: merged)')
    expect(text).not.toContain('Was it any good?')
    const pending = sessionComment(
      session({ phase: 'ended', run: completed, outcome: { outcome: 'pending', rule: 'no rule matches yet' } }),
    )
    expect(pending).toContain('Was it any good?')
    expect(pending).not.toContain('pending')
  })

  test('withheld: says which guard, what to do and where the work is, and asks nobody to judge it', () => {
    const text = sessionComment(session({ phase: 'ended', run: withheld }))
    expect(text).toContain('### `refactor+tests`: work withheld')
    expect(text).toContain('**Why:** The work changes 24 files; `diff.files` allows 20. (`guard-diff`)')
    expect(text).not.toContain('larger than the workflow allows')
    expect(text).not.toContain('Guards passed')
    expect(text).toContain('**What to do:** Narrow the goal')
    expect(text).toContain('[the work is kept](https://github.com/acme/shop/actions/runs/77)')
    expect(text).not.toContain('agent/accepted')
  })

  test.each([
    [{ kind: 'pull-request', number: 9, url: 'https://u/9' }, 'Delivered: pull request [#9](https://u/9).'],
    [{ kind: 'review', url: 'https://u/r' }, 'Delivered: a [review](https://u/r).'],
    [{ kind: 'comment', url: 'https://u/c' }, 'Delivered: a [comment](https://u/c).'],
    [
      { kind: 'side-branch', branch: 'purser/s_42', url: 'https://u/b' },
      'Its work is on the side branch [`purser/s_42`](https://u/b) only.',
    ],
    [{ kind: 'none' }, 'Nothing was delivered.'],
  ] as const)('delivered as %j', (delivered, said) => {
    expect(sessionComment(session({ phase: 'ended', run: { ...completed, delivered } }))).toContain(said)
  })

  test('work on a side branch is not asked about, since it was not delivered', () => {
    const delivered = { kind: 'side-branch', branch: 'purser/s_42', url: 'https://u/b' } as const
    const text = sessionComment(session({ phase: 'ended', run: { ...completed, delivered } }))
    expect(text).not.toContain('Delivered')
    expect(text).not.toContain('Was it any good?')
  })

  test('a run stopped by its cap is told from one that used up its turns', () => {
    const capped = { ...completed, conclusion: 'capped' } as const
    const at = (reason: 'cap-reached' | 'turns-exhausted') =>
      sessionComment(session({ phase: 'ended', run: { ...capped, reason } }))
    expect(at('cap-reached')).toContain('stopped at its cap')
    expect(at('turns-exhausted')).toContain('stopped early')
  })
})

describe('what a run did', () => {
  const ended = (work: Partial<WorkDone>) =>
    sessionComment(
      session({ phase: 'ended', run: { ...completed, work: { files: [], words: '', guardsPassed: [], ...work } } }),
    )

  test('the files with their lines, the guards, and the agent’s own words to open', () => {
    const text = sessionComment(session({ phase: 'ended', run: completed }))
    expect(text).toContain(
      '**Guards passed:** at most 20 files; at most 600 lines; nothing in `infra/**`; `npm test` passes.',
    )
    expect(text).toContain('<summary>2 files changed: 41 lines added, 12 deleted</summary>')
    expect(text).toContain('| `src/parse.ts` | 30 | 12 |')
    expect(text).toContain(
      '<summary>What the agent says of it</summary>\n\n> Split parse() into reading and checking.\n\n</details>',
    )
  })

  test('an agent’s words stay in their place, whatever they hold', () => {
    const words = 'Done, @canary\n```js\nnever closed\n</details>\n/agent review\n![x](https://u/x)'
    const text = ended({ words })
    expect(text).toContain('> Done, @\u200Bcanary\n> ```js\n> never closed\n> <\u200B/details>\n> \u200B/agent review')
    expect(text.match(/<\/details>/g)).toHaveLength(text.match(/<details>/g)?.length ?? -1)
    expect(text).not.toContain('![')
  })

  test('long words and many files are cut, and it says so', () => {
    const file = { addedLines: 1, deletedLines: 0 }
    const files = Array.from({ length: 60 }, (_, index) => ({ ...file, path: `src/${index}.ts` }))
    const text = ended({ words: 'a word more '.repeat(5_000), files })
    expect(text).toMatch(/> a word more .*a wo?r?d?…\n\n<\/details>/)
    expect(text).toContain('and 10 more.')
    expect(text.length).toBeLessThan(12_000)
  })

  test('files without a word are said to have none, and a review’s words are not said twice', () => {
    expect(ended({ files: [{ path: 'a', addedLines: 1, deletedLines: 0 }] })).toContain('The agent left no summary')
    expect(ended({})).not.toContain('The agent')
    const shownBelow = ended({ words: undefined, files: [{ path: 'a', addedLines: 1, deletedLines: 0 }] })
    expect(shownBelow).not.toContain('The agent')
    expect(shownBelow).toContain('One file changed')
  })
})

describe('what else a quote has to say', () => {
  const started = { phase: 'started' } as const

  test('a variant, several payers, tokens', () => {
    const text = sessionComment(session(started, { variant: 'tests-first', accounts: [portfolio, sprint] }))
    expect(text).toContain('### `refactor+tests/tests-first`')
    expect(text).toContain('The sprint of squad **payments**: 1,950,000 of 2,000,000 tokens left until 2026-11-30')
  })

  test('why high cost is right: once, before it is spent, and afterwards where it was high', () => {
    const accounts = [1, 2].map(() => ({ ...portfolio, highCost: 'Incidents justify deep context.' }))
    const times = (state: SessionState) =>
      sessionComment(session(state, { accounts })).split('High cost is right here: Incidents justify deep context.')
        .length - 1
    const ended = (spentMicroUsd: bigint) => times({ phase: 'ended', run: { ...completed, spentMicroUsd } })
    expect(times({ phase: 'quoted' })).toBe(1)
    expect(times(started)).toBe(1)
    expect(times({ phase: 'running', spentMicroUsd: 0n })).toBe(0)
    expect([ended(0n), ended(1_249_999n), ended(1_250_000n)]).toEqual([0, 0, 1])
    expect(quoteComment({ workflow: 'review', quote, accounts })).toContain('High cost is right here')
    const spend = { accepted: 2, unknown: 1, spendMicroUsd: 3_000_000n }
    const dear = { ...portfolio, highCost: 'Incidents justify deep context', worth: { spend, days: 60 } }
    expect(quoteComment({ workflow: 'review', quote, accounts: [dear, dear] })).toContain(
      '\n\n> High cost is right here: Incidents justify deep context. All of **refactoring** in the last 60 days: ' +
        '$1.50 for each of 2 accepted runs, 1 unknown.\n\n',
    )
  })

  test('what is left, and what running work holds of the rest', () => {
    const busy = { ...portfolio, remaining: { microUsd: 28_700_000n }, held: { microUsd: 2_500_000n } }
    expect(sessionComment(session(started, { accounts: [busy] }))).toContain(
      '$28.70 of $40.00 left until 2026-12-01; running work holds $2.50',
    )
  })

  test('what was asked for, harmless', () => {
    const inputs = { goal: 'Ask @everyone to close #12\n<img src=x>', test: 'npm test', depth: 2, empty: '' }
    const text = sessionComment(session(started, { inputs }))
    expect(text).toContain('**Asked for**\n\n- `goal`: Ask @\u200Beveryone to close #\u200B12 <\u200Bimg src=x>\n')
    expect(text).toContain('- `test`: npm test\n- `depth`: 2\n\n')
  })

  test('that less is left than was asked for', () => {
    const small = { runs: 0, capMicroUsd: 1_200_000n, askedMicroUsd: 2_500_000n }
    expect(sessionComment(session(started, { quote: small }))).toContain('Only $1.20 of the $2.50 asked for is left')
  })

  test('overrides, and budgets that only count', () => {
    expect(sessionComment(session(started, { overrides: { cap: '5', model: 'gpt-5.2' } }))).toContain(
      'Changed for this run alone: cap `5`, model `gpt-5.2`.',
    )
    expect(sessionComment(session(started, { enforce: 'record' }))).toContain('only keeps the books')
    expect(sessionComment(session(started))).not.toContain('keeps the books')
    const over = { ...portfolio, remaining: { microUsd: -3_000_000n } }
    expect(sessionComment(session(started, { accounts: [over] }))).toContain('$3.00 over its $40.00')
  })

  test('`/agent quote` answers with the price alone', () => {
    const text = quoteComment({ workflow: 'review', variant: 'deep', quote, accounts: [portfolio] })
    expect(text).toContain('Usually $0.80, nine in ten under $1.90, never more than $2.50')
    expect(text).toContain('Nothing is started or reserved. Comment `/agent review/deep` to start it.')
    const given = quoteComment({ workflow: 'review', quote, accounts: [portfolio], asGiven: true })
    expect(given).toContain('Comment the same without `quote` to start it.')
  })
})
