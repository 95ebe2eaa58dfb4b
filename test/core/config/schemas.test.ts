/** The published JSON Schemas and the reference page are those of the zod schemas, and complete what people write. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

describe('generated schemas', () => {
  it('are fresh', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/schemas.ts', '--check'], {
      cwd: root,
      encoding: 'utf8',
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  it.each(['portfolios', 'promotion', 'workflow', 'variant', 'agent'])('%s documents each of its keys', (name) => {
    const schema = JSON.parse(readFileSync(`${root}/schemas/${name}.schema.json`, 'utf8'))
    const page = readFileSync(`${root}/docs/reference.md`, 'utf8')
    for (const key of Object.keys(schema.properties)) expect(page).toContain(`\`${key}\``)
    expect(schema.additionalProperties).toBe(false)
  })
})
