/** Holds the directions in which the rooms may import each other; design and reasons stand in docs/architecture.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Room -> the other rooms it may import, and the packages where these are bounded too. */
const rooms: Record<string, { rooms: readonly string[]; packages?: readonly string[] }> = {
  core: { rooms: [], packages: ['zod', 'zod/mini', 'yaml', 'picomatch', 'croner'] },
  catalog: { rooms: ['core'] },
  delivery: { rooms: ['core'], packages: ['@octokit/rest', 'node:buffer'] },
  action: { rooms: ['core', 'catalog', 'delivery'] },
  app: { rooms: ['core', 'catalog', 'delivery', 'prisma'] },
  cli: { rooms: ['core', 'catalog', 'action', 'app', 'demo'] },
  demo: { rooms: ['core', 'app', 'cli', 'prisma', 'test'] },
  bench: { rooms: ['core', 'action', 'app', 'test'] },
  simulation: { rooms: ['core', 'app', 'prisma'] },
}

describe('the rooms', () => {
  it.each(Object.keys(rooms))('%s imports only what it may', (room) => {
    const rules = rooms[room]
    const wrong = filesOf(room).flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !allowed(room, rules, file, specifier))
        .map((specifier) => `${relative(root, file)} imports ${specifier}`),
    )
    expect(wrong).toEqual([])
  })

  it('core is pure: no clock, no randomness, no async', () => {
    const impure = /\bnew Date\(\)|\bDate\.now\(|\bMath\.random\(|\basync\b|\bawait\b|\bprocess\.|\bfetch\(/
    const wrong = filesOf('core').flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line, index) => ({ line, at: `${relative(root, file)}:${index + 1}` }))
        .filter(({ line }) => !/^\s*(\*|\/\/|\/\*)/.test(line) && impure.test(line))
        .map(({ at, line }) => `${at} ${line.trim()}`),
    )
    expect(wrong).toEqual([])
  })

  it('the rules see a wrong import', () => {
    expect(allowed('core', rooms.core, join(root, 'core/run/run.ts'), 'node:fs')).toBe(false)
    expect(allowed('core', rooms.core, join(root, 'core/run/run.ts'), '../../app/start.ts')).toBe(false)
    expect(allowed('action', rooms.action, join(root, 'action/main.ts'), '../core/run.ts')).toBe(true)
  })
})

function allowed(room: string, rules: (typeof rooms)[string] | undefined, file: string, specifier: string): boolean {
  if (!specifier.startsWith('.')) return rules?.packages === undefined || rules.packages.includes(specifier)
  const [target] = relative(root, join(dirname(file), specifier)).split('/')
  return (
    target === room || (target !== undefined && (rules?.rooms.includes(target) ?? false)) || target === 'package.json'
  )
}

function filesOf(room: string): string[] {
  try {
    return readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.startsWith('dist/'))
      .map((path) => join(root, room, path))
  } catch {
    return []
  }
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8')
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].flatMap(([, specifier]) => specifier ?? [])
}
