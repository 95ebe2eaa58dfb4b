import { expect, test } from 'vitest'
import { type Access, type GitHubPermissions, mayRun, refusePermission } from '../../../core/command/permission.ts'

const none: GitHubPermissions = { admin: false, maintain: false, push: false, triage: false, pull: false }
const roles: Readonly<Record<string, GitHubPermissions>> = {
  none,
  read: { ...none, pull: true },
  triage: { ...none, pull: true, triage: true },
  write: { ...none, pull: true, triage: true, push: true },
  maintain: { ...none, pull: true, triage: true, push: true, maintain: true },
  admin: { admin: true, maintain: true, push: true, triage: true, pull: true },
}

test.each<[access: Access, allowed: readonly string[]]>([
  ['triage', ['triage', 'write', 'maintain', 'admin']],
  ['write', ['write', 'maintain', 'admin']],
  ['maintain', ['maintain', 'admin']],
])('%s', (access, allowed) => {
  const may = Object.keys(roles).filter((role) => mayRun(access, roles[role]))
  expect(may).toEqual(allowed)
})

test('the highest boolean is enough by itself', () => {
  expect(mayRun('triage', { admin: true })).toBe(true)
  expect(mayRun('write', { maintain: true })).toBe(true)
})

test.each<[name: string, permissions: unknown]>([
  ['no answer', undefined],
  ['null', null],
  ['an empty answer', {}],
  ['read alone', { pull: true }],
  ['words for booleans', { push: 'true', admin: 1 }],
  ['the folded name', { permission: 'admin', role_name: 'admin' }],
])('fails closed on %s', (_name, permissions) => {
  for (const access of ['triage', 'write', 'maintain'] as const) {
    expect(mayRun(access, permissions as GitHubPermissions)).toBe(false)
  }
})

test('a refusal names what needs which access', () => {
  expect(refusePermission('`refactor+tests`', 'write')).toMatchObject({
    reason: 'not-permitted',
    message: '`refactor+tests` needs write access to this repository, which the author of the command lacks.',
  })
})
