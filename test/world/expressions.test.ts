import { expect, test } from 'vitest'
import { type Contexts, holds, interpolate } from './expressions.ts'

const contexts: Contexts = {
  github: { event: { issue: { number: 7 } }, ref: 'refs/heads/main', actor: 'Alice' },
  inputs: { goal: '', count: '3' },
  steps: { 'a-step': { outputs: { done: 'true' } } },
}
const well = { failed: false, cancelled: false }
const failed = { failed: true, cancelled: false }

test.each([
  ['${{ github.event.issue.number }}', '7'],
  ["#${{ github['ref'] }}!", '#refs/heads/main!'],
  ["${{ inputs.goal || 'none' }}", 'none'],
  ["${{ inputs.count == 3 && 'three' || 'other' }}", 'three'],
  ["${{ github.actor == 'alice' }}", 'true'],
  ["${{ !inputs.goal && 'it''s empty' }}", "it's empty"],
  ['${{ steps.a-step.outputs.done }}${{ steps.other.outputs.done }}', 'true'],
  ["${{ startsWith(github.ref, 'refs/heads/') && contains(github.ref, 'MAIN') }}", 'true'],
  ["${{ format('{0}-{1}', github.actor, inputs.count) }}", 'Alice-3'],
])('%s says %s', (text, expected) => {
  expect(interpolate(text, contexts, well)).toBe(expected)
})

test.each([
  [undefined, well, true],
  [undefined, failed, false],
  ['always()', failed, true],
  ['${{ failure() }}', failed, true],
  ["github.actor == 'alice'", well, true],
  ["github.actor == 'alice'", failed, false],
])('if: %s, after %o, is %s', (condition, state, expected) => {
  expect(holds(condition, contexts, state)).toBe(expected)
})

test('what it does not know is an error and not a guess', () => {
  expect(() => interpolate('${{ matrix.node }}', contexts, well)).toThrow('unknown context "matrix"')
  expect(() => interpolate("${{ hashFiles('x') }}", contexts, well)).toThrow('unknown function "hashFiles"')
  expect(() => interpolate('${{ inputs.goal ~ 1 }}', contexts, well)).toThrow('not understood at "~ 1"')
})
