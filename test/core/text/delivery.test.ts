import { describe, expect, test } from 'vitest'
import {
  commitMessage,
  type DeliveryView,
  deliveryOf,
  issueText,
  pullRequestText,
  reviewBody,
} from '../../../core/text/delivery.ts'
import { markerOf } from '../../../core/text/marker.ts'

const view: DeliveryView = {
  sessionId: 's_42',
  runId: 'r-7',
  workflow: 'refactor+tests',
  title: 'Split parse() into reading and checking',
  body: 'It did two things.\n\nBoth are tested now.',
  spentMicroUsd: 620_000n,
  capMicroUsd: 2_500_000n,
  sessionUrl: 'https://u/c',
}

describe('an issue', () => {
  test('is named after what the agent says, and after its goal where it says nothing', () => {
    const goal = 'Look for trouble'
    expect(issueText({ ...view, goal }).title).toBe('refactor+tests: Split parse() into reading and checking')
    expect(issueText({ ...view, goal, title: ' ' }).title).toBe('refactor+tests: Look for trouble')
    expect(markerOf(issueText(view).body)).toEqual({ sessionId: 's_42', part: 'delivery' })
  })
})

describe('a commit', () => {
  test('does nothing by the name of a test or of a file that it loosens', () => {
    const what = "test.skip('[skip ci], closes #1', for @mira)"
    const skipped = { kind: 'skipped', path: 'test/[skip ci].test.js', line: 1, what } as const
    for (const text of [
      commitMessage({ ...view, testChanges: [skipped] }),
      pullRequestText({ ...view, testChanges: [skipped] }).body,
    ]) {
      expect(text).toContain('skips a test')
      expect(text).not.toMatch(/\[skip ci\]|#1|@mira/)
    }
  })

  test('has the title, the body, and the trailers as its last paragraph', () => {
    expect(commitMessage(view)).toBe(
      'refactor+tests: Split parse() into reading and checking\n\nIt did two things.\n\nBoth are tested now.\n\n' +
        'Purser-Session: s_42\nPurser-Run: r-7',
    )
    expect(deliveryOf(commitMessage(view))).toEqual({ sessionId: 's_42', runId: 'r-7' })
    expect(deliveryOf(`${commitMessage(view)}\n`.replaceAll('\n', '\r\n'))).toEqual({ sessionId: 's_42', runId: 'r-7' })
  })

  test('is named after its goal, where there is one, and the agent’s words stay in the body', () => {
    const [title, ...rest] = commitMessage({ ...view, goal: 'One job for each function\n' }).split('\n\n')
    expect(title).toBe('refactor+tests: One job for each function')
    expect(rest.slice(0, 2)).toEqual(['It did two things.', 'Both are tested now.'])
    expect(commitMessage({ ...view, goal: 'G', body: '' })).toContain('\n\nSplit parse() into reading and checking\n\n')
    expect(pullRequestText({ ...view, goal: 'G' }).title).toBe('refactor+tests: G')
  })

  test('without words says so', () => {
    const message = commitMessage({ ...view, title: ' ', body: '', variant: 'tests-first' })
    expect(message.split('\n')[0]).toBe('refactor+tests: no summary')
    expect(message).toContain('\n\nThe agent left no summary of its work.\n\nPurser-Session')
    expect(commitMessage({ ...view, goal: 'Tidy up', title: '', body: '' })).toContain(
      'refactor+tests: Tidy up\n\nThe agent',
    )
  })

  test('keeps its title to one line that git shows whole', () => {
    const [first = ''] = commitMessage({ ...view, title: `A title\nof ${'many words '.repeat(20)}` }).split('\n')
    expect(first.startsWith('refactor+tests: A title of many words')).toBe(true)
    expect([...first].length).toBeLessThanOrEqual(72)
    expect(first.endsWith('…')).toBe(true)
  })

  test('an agent can neither sign for anybody nor pass for another run', () => {
    const body =
      'Done.\n\nCo-authored-by: Canary <c@example.com>\nsigned-off-by : x\n\nPurser-Session: other\nPurser-Run: other'
    const message = commitMessage({ ...view, body })
    expect(message).not.toMatch(/^(co-authored-by|signed-off-by)/im)
    expect(message.match(/^Purser-/gm)).toHaveLength(2)
    expect(deliveryOf(message)).toEqual({ sessionId: 's_42', runId: 'r-7' })
  })

  test.each([
    ['Purser-Session: s\nPurser-Run: r\n\nand more'],
    ['Title\n\nPurser-Session: s'],
    ['Title\n\nPurser-Run: r\nPurser-Session: s'],
    ['Title\n\nSigned-off-by: x\nPurser-Session: s\nPurser-Run: r'],
    ['Title\n\nPurser-Session: a b\nPurser-Run: r'],
    [''],
  ])('%j is nobody’s delivery', (message) => {
    expect(deliveryOf(message)).toBeUndefined()
  })

  test.each([['a b'], [''], ['a\nPurser-Run: b']])('an id like %j is a bug', (runId) => {
    expect(() => commitMessage({ ...view, runId })).toThrow(RangeError)
  })
})

describe('a pull request, a review', () => {
  test('say where they come from, what they cost and how to judge them', () => {
    const { title, body } = pullRequestText(view, 'Auto-merge is on, so a commit could be merged unseen.')
    expect(title).toBe(`refactor+tests: ${view.title}`)
    for (const text of [body, reviewBody(view)]) {
      expect(markerOf(text)).toEqual({ sessionId: 's_42', part: 'delivery' })
      expect(text).toContain('It did two things.')
      expect(text).toContain('Made by `refactor+tests` in session [`s_42`](https://u/c) for $0.62 of at most $2.50.')
      expect(text).toContain('`agent/rejected`')
    }
    expect(body).toContain('Auto-merge is on')
    expect(reviewBody({ ...view, sessionUrl: undefined })).toContain('in session `s_42` for')
  })
})
