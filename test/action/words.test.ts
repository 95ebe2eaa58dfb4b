/** What the runner's own words cost in every request, counted by the tokenizer that the models use. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { systemText } from '../../action/agent/prompt.ts'
import { runProcess } from '../../action/sandbox/process.ts'
import { cutOutput } from '../../action/tools/cut.ts'
import { toolDefinitions } from '../../action/tools/tools.ts'
import { toolNames } from '../../core/config/workflow.ts'

const agents = new URL('../../catalog/agents/', import.meta.url)

describe('a request’s own words', () => {
  it.each(readdirSync(agents))('are well below a thousand tokens for %s', (file) => {
    const text = readFileSync(new URL(file, agents), 'utf8').replace(/^---[\s\S]*?\n---\n/, '')
    const agent = { name: 'x', tools: [...toolNames], model: 'm', effort: undefined, systemText: text }
    const words = systemText(agent, {}, undefined) + JSON.stringify(toolDefinitions(toolNames))
    expect(encode(words).length).toBeLessThan(900)
  })

  it('a result of 1.26 MB adds fewer than 950 tokens', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'purser-words-'))
    const options = { cwd: dir, env: { PATH: process.env.PATH ?? '' }, outputFile: join(dir, 'out'), timeoutMs: 60_000 }
    writeFileSync(
      join(dir, 'long'),
      Array.from(
        { length: 30_000 },
        (_, n) => `line ${n}: ${Math.imul(n, 2_654_435_761) >>> 0} some words of a test, and more of it\n`,
      )
        .join('')
        .slice(0, 1_260_000),
    )
    const result = await runProcess('cat', ['long'], options)
    rmSync(dir, { recursive: true })
    expect(result.bytes).toBe(1_260_000)
    const shown = cutOutput(result, 'read it with path "output:0"')
    expect(shown).toContain('1260000 bytes in all; read it with path "output:0"')
    expect(encode(shown).length).toBeLessThan(950)
  })
})
