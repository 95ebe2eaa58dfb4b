import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  foldVerdicts,
  type ObservedCheck,
  verdictOfChecks,
  type WhyUncounted,
  type WorkflowFiles,
  whyUncounted,
} from '../../../core/outcome/observed-checks.ts'

const apps = ['circleci-checks']

test.each<[app: string, files: WorkflowFiles | undefined, why: WhyUncounted | undefined]>([
  ['github-actions', 'same', undefined],
  ['github-actions', 'changed', 'workflows-changed'],
  ['github-actions', 'unreadable', 'workflows-unreadable'],
  ['github-actions', undefined, 'workflows-unreadable'],
  // A person's status: a changed Actions workflow may hold a person's token.
  ['', 'same', undefined],
  ['', 'changed', 'workflows-changed'],
  ['circleci-checks', 'same', undefined],
  ['circleci-checks', 'changed', undefined],
  ['github-actions-', 'same', 'unknown-app'],
  ['unknown', 'same', 'unknown-app'],
])('%j where the Actions workflows are %s', (app, files, why) => {
  expect(whyUncounted({ app }, files, apps)).toBe(why)
})

test.each<[verdicts: string, files: WorkflowFiles, verdict: 'success' | 'failure' | undefined]>([
  ['', 'same', undefined],
  ['github-actions success', 'same', 'success'],
  ['github-actions other', 'same', undefined],
  ['github-actions success, github-actions failure', 'same', 'failure'],
  ['github-actions success, stranger failure', 'same', 'success'],
  ['stranger success', 'same', undefined],
  ['github-actions failure', 'changed', undefined],
  ['github-actions failure, circleci-checks success', 'changed', 'success'],
  ['github-actions success, circleci-checks failure', 'same', 'failure'],
])('%s, workflows %s', (verdicts, files, verdict) => {
  const checks = verdicts.split(', ').flatMap((one, index): ObservedCheck[] => {
    const [app, said] = one.split(' ')
    const known = (['success', 'failure', 'other'] as const).find((each) => each === said)
    return app === undefined || known === undefined ? [] : [{ app, name: `check ${index}`, verdict: known }]
  })
  expect(verdictOfChecks(checks, files, apps)).toBe(verdict)
})

const verdict = fc.constantFrom<ObservedCheck['verdict']>('success', 'failure', 'other')

test('checks of one name come to the same in any order, folded or not', () => {
  fc.assert(
    fc.property(fc.array(verdict), fc.array(verdict), (some, others) => {
      expect(foldVerdicts([...others, ...some])).toBe(foldVerdicts([...some, ...others]))
      const checks = [...some, ...others].map((said) => ({ app: 'github-actions', name: 'test', verdict: said }))
      const folded = [{ app: 'github-actions', name: 'test', verdict: foldVerdicts([...some, ...others]) }]
      expect(verdictOfChecks(folded, 'same', apps)).toBe(verdictOfChecks(checks, 'same', apps))
    }),
  )
})
