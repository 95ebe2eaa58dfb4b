import type { Permission } from './contract.ts'
import { atLeast } from './identity.ts'
import { type Answer, type Ask, notFound, type Route, route } from './router.ts'
import { type Json, repositoryOf, type World } from './world.ts'

/** GitHub's `permission` folds maintain into write and triage into read; only the booleans and `role_name` tell. */
const folded: Record<Permission, string> = {
  admin: 'admin',
  maintain: 'write',
  write: 'write',
  triage: 'read',
  read: 'read',
  none: 'none',
}

export function collaboratorRoutes(world: World): Route[] {
  async function permission(ask: Ask): Promise<Answer> {
    repositoryOf(world, ask)
    const login = ask.params.login ?? ''
    const has = world.permissions.get(login) ?? 'none'
    if (has === 'none') throw notFound()
    const user = await world.emulate('GET', `/users/${encodeURIComponent(login)}`)
    return {
      status: 200,
      json: { permission: folded[has], role_name: has, user: { ...user, permissions: booleans(has), role_name: has } },
    }
  }

  function isCollaborator(ask: Ask): Answer {
    if ((world.permissions.get(ask.params.login ?? '') ?? 'none') === 'none') throw notFound()
    return { status: 204 }
  }

  return [
    route('GET', '/repos/:owner/:repo/collaborators/:login/permission', permission),
    route('GET', '/repos/:owner/:repo/collaborators/:login', isCollaborator),
  ]
}

const booleans = (has: Permission): Json => ({
  pull: atLeast(has, 'read'),
  triage: atLeast(has, 'triage'),
  push: atLeast(has, 'write'),
  maintain: atLeast(has, 'maintain'),
  admin: atLeast(has, 'admin'),
})
