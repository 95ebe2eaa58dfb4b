import { expect, test } from 'vitest'
import type { Configuration } from '../../../core/config/configuration.ts'
import { highestAccess, namedIn } from '../../../core/plan/access.ts'

const declared = (access: string, ...nested: readonly string[]) => ({
  baseline: { access, steps: nested.map((workflow) => ({ id: 'inner', workflow })) },
  variants: new Map([['deep', { workflow: { access: 'maintain', steps: [] } }]]),
})
const configuration = {
  families: new Map([
    ['sort', declared('triage')],
    ['mend', declared('write', 'sort')],
    ['outer', declared('triage', 'mend')],
    ['deeper', declared('triage', 'sort/deep')],
    ['round', declared('triage', 'round')],
    ['lost', declared('triage', 'nowhere')],
  ]),
} as unknown as Configuration

test.each([
  ['sort', undefined, 'triage'],
  ['sort', 'baseline', 'triage'],
  ['sort', 'deep', 'maintain'],
  ['sort', 'gone', 'maintain'],
  ['outer', undefined, 'write'],
  ['deeper', null, 'maintain'],
  ['round', undefined, 'triage'],
  ['lost', undefined, 'maintain'],
  ['gone', undefined, 'maintain'],
] as const)('%s/%s asks for %s', (workflow, variant, access) => {
  expect(highestAccess(configuration, [{ workflow, variant }])).toBe(access)
})

test('what a plan still nests counts, and where nothing is known a maintainer is asked for', () => {
  const nested = { inner: { workflow: 'mend' } } as unknown as Parameters<typeof namedIn>[0]['nested']
  expect(highestAccess(configuration, namedIn({ workflow: 'sort', variant: undefined, nested }))).toBe('write')
  expect(highestAccess(undefined, [{ workflow: 'sort' }])).toBe('maintain')
  expect(highestAccess(configuration, [])).toBe('maintain')
})
