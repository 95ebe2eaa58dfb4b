import { expect, test } from 'vitest'
import { checkGuards, checkPlanGuards } from '../../../core/changes/guard.ts'
import { waiversFor, waiving } from '../../../core/changes/waive.ts'
import type { Plan, PlanGuards } from '../../../core/plan/plan.ts'
import type { ReasonCode } from '../../../core/reason.ts'
import type { Report } from '../../../core/run/report.ts'

const planWith = (guards: PlanGuards): Plan => ({
  version: 1,
  workflow: 'tidy',
  portfolio: 'chores',
  subject: { kind: 'pull-request', repository: 'acme/shop', headSha: 'a'.repeat(40) },
  inputs: {},
  setup: undefined,
  steps: [],
  agents: {},
  guards,
  deliver: 'commit',
  prices: {},
  capMicroUsd: 1n,
  timeoutMinutes: 1,
})

const reportOf = (reason: ReasonCode | undefined, conclusion: Report['conclusion'] = 'withheld') =>
  ({ conclusion, reason, message: 'As the runner said.' }) as Report

/** What becomes of work on these paths, withheld for that reason. */
function waived(
  guards: PlanGuards,
  paths: readonly string[],
  reason: ReasonCode | undefined,
  conclusion?: 'completed',
) {
  const files = paths.map((path) => ({ path, mode: '100644' as const, addedLines: 10, deletedLines: 0 }))
  const changeset = { baseSha: 'a'.repeat(40), files }
  return waiversFor(planWith(guards), reportOf(reason, conclusion), (plan) => checkGuards(plan.guards, changeset))
}

const all = ['paths', 'diff', 'run'] as const

test.each([
  ['diff', { diff: { lines: 5 }, waive: ['diff'] }, ['a.js'], 'guard-diff', ['diff']],
  [
    'paths that are denied',
    { paths: { deny: ['docs/**'] }, waive: ['paths'] },
    ['docs/a.md'],
    'guard-paths',
    ['paths'],
  ],
  ['paths outside', { paths: { allow: ['src/**'] }, waive: ['paths'] }, ['docs/a.md'], 'guard-paths', ['paths']],
  ['a command', { run: ['npm test'], waive: ['run'] }, ['a.js'], 'guard-command', ['run']],
  [
    'a command nobody ran',
    { diff: { lines: 5 }, run: ['npm test'], waive: [...all] },
    ['a.js'],
    'guard-diff',
    ['diff', 'run'],
  ],
  [
    'more than the runner named',
    { diff: { lines: 5 }, paths: { deny: ['a.js'] }, waive: [...all] },
    ['a.js'],
    'guard-paths',
    ['paths', 'diff'],
  ],
] as const)('sets aside what is in the way: %s', (_what, guards, paths, reason, expected) => {
  expect(waived(guards as unknown as PlanGuards, paths, reason)).toEqual(expected)
})

test('nothing has to be set aside for work that only GitHub, or a moved head, kept back', () => {
  expect(waived({ run: ['npm test'] }, ['a.js'], undefined, 'completed')).toEqual([])
})

test.each([
  ['the workflow does not say so', { diff: { lines: 5 } }, ['a.js'], 'guard-diff', 'does not let `diff`'],
  [
    'it says so of another guard',
    { diff: { lines: 5 }, waive: ['paths'] },
    ['a.js'],
    'guard-diff',
    'does not let `diff`',
  ],
  [
    'a command was not run',
    { diff: { lines: 5 }, run: ['x'], waive: ['diff'] },
    ['a.js'],
    'guard-diff',
    'does not let `run`',
  ],
  ['a path is protected', { waive: [...all] }, ['.github/x.yml'], 'guard-paths', '`.github/x.yml`'],
  [
    'a path is denied and protected',
    { paths: { deny: ['.github/**'] }, waive: [...all] },
    ['.github/x.yml'],
    'guard-paths',
    'No workflow',
  ],
  [
    'a path is outside an experiment',
    { scope: { experiment: 'split', paths: ['billing/**'] }, waive: [...all] },
    ['a.js'],
    'guard-paths',
    'experiment `split`',
  ],
  ['a file can’t be handed to anybody', { waive: [...all] }, ['a.js'], 'guard-files', 'As the runner said.'],
] as const)('leaves it as it is where %s', (_what, guards, paths, reason, says) => {
  const refusal = waived(guards as unknown as PlanGuards, paths, reason)
  expect(refusal).toMatchObject({ reason: 'guard-stands', message: expect.stringContaining(says) })
})

test('a path that is opened by its name stays open, and no other is opened with it', () => {
  const { guards } = waiving(planWith({ paths: { allow: ['.github/labels.yml'] } }), ['paths'])
  const check = (path: string) =>
    checkGuards(guards, { baseSha: '', files: [{ path, mode: '100644', addedLines: 1, deletedLines: 0 }] })
  expect(check('.github/labels.yml')).toEqual([])
  expect(check('src/a.js')).toEqual([])
  expect(check('.github/workflows/ci.yml')).toHaveLength(1)
})

test('a nested workflow has a say in its own guards', () => {
  const own = { diff: { lines: 50 }, waive: ['diff' as const] }
  const nested = (guards: PlanGuards) => ({ ...planWith(own), nested: { inner: { inputs: {}, guards } as never } })
  const files = [{ path: 'a.js', mode: '100644' as const, addedLines: 10, deletedLines: 0 }]
  const check = (plan: Plan) => checkPlanGuards(plan, { baseSha: '', files })
  const refused = waiversFor(nested({ diff: { lines: 5 } }), reportOf('guard-diff'), check)
  expect(refused).toMatchObject({ reason: 'guard-stands' })
  const allowed = nested({ diff: { lines: 5 }, waive: ['diff'] })
  expect(waiversFor(allowed, reportOf('guard-diff'), check)).toEqual(['diff'])
  expect(check(waiving(allowed, ['diff']))).toEqual([])
})
