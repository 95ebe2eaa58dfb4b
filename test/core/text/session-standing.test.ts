import { describe, expect, test } from 'vitest'
import { sessionComment } from '../../../core/text/session-comment.ts'
import { goOnText, runsText, type SessionStanding } from '../../../core/text/session-standing.ts'
import { alone, completed, session } from './views.ts'

const used = { ceilingMicroUsd: 2_500_000n, spentMicroUsd: 2_500_000n, heldMicroUsd: 0n }

describe('how to go on', () => {
  test.each<[string, Partial<SessionStanding>, string]>([
    ['something is left', {}, '`/agent resume` goes on from its last checkpoint. $1.88 is left'],
    ['no checkpoint', { hasCheckpoint: false }, 'starts it again: it left no checkpoint'],
    [
      'nothing is left',
      { ceiling: used },
      'nothing is left of the session’s ceiling ($2.50 spent of a ceiling of $2.50). `/agent resume cap=<usd>` raises it, up to $5.00, and goes on',
    ],
    [
      'nothing is left of a ceiling between two cents',
      { ceiling: { ...used, ceilingMicroUsd: 2_504_000n, spentMicroUsd: 2_504_000n } },
      '($2.51 spent of a ceiling of $2.51)',
    ],
    ['nothing is left, nor may be', { ceiling: used, mostMicroUsd: 2_500_000n }, 'its portfolio allows no higher one'],
  ])('%s', (_what, more, says) => {
    expect(goOnText({ ...alone, ...more })).toContain(says)
  })
})

test('a session with one run shows no table of runs; one with more, or a fork, does', () => {
  expect(runsText(alone)).toBeUndefined()
  const rest = {
    workflow: 'refactor+tests',
    conclusion: 'cancelled',
    reason: 'paused',
    spentMicroUsd: 10_000n,
  } as const
  const several = runsText({ ...alone, runs: [rest, { workflow: 'ask', spentMicroUsd: 0n }] })
  expect(several).toContain('| `refactor+tests` | paused | $0.01 |\n| `ask` | under way | $0.00 |')
  expect(runsText({ ...alone, rootId: 'k7m2-9xqd' })).toContain('shared with session `k7m2-9xqd`')
})

test('the comment of a run that rests says how to go on, and what came too late for it', () => {
  const run = { ...completed, conclusion: 'cancelled', reason: 'paused', delivered: { kind: 'none' } } as const
  const text = sessionComment(session({ phase: 'ended', run }, { standing: { ...alone, unheard: 2 } }))
  expect(text).toContain('`refactor+tests`: paused')
  expect(text).toContain('**To go on:** `/agent resume`')
  expect(text).toContain('2 messages came too late')
  expect(sessionComment(session({ phase: 'ended', run: completed }))).not.toContain('To go on')
})
