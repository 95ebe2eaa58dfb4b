/** No text whatever makes reading the configuration throw, and every problem has a place in a file that is there. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layer, load, PORTFOLIOS, TIDY, tidyFiles } from './layers.ts'

const RUNS = 150

const agent = '---\nname: bot\ndescription: Does things\n---\nDo things.\n'
const variant =
  'summary: Another way\nsteps:\n  - { id: work, share: 40%, before: look }\nguards: { diff: { files: 2 } }\n'

const scraps = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    ...[
      '\t',
      '\n',
      '- ',
      '? ',
      ': ',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '<<: *a',
      '!!set ',
      '|',
      '>',
      '---\n',
      '...\n',
      '%YAML 1.1\n',
    ],
    ...[
      'null',
      '~',
      '.nan',
      '1e999',
      '0x1F',
      '0o17',
      '-0',
      '2_000',
      '__proto__: 1',
      'constructor: {}',
      'toString',
      '${{ inputs.x }}',
    ],
    ...['\ufeff', '\u0000', '\u202e', '\ud800', '#', '"', "'", '\r\n'],
  ),
)

/** A text with scraps put in, and parts taken out, at some places. */
function mutated(text: string): fc.Arbitrary<string> {
  const change = fc.record({ at: fc.nat(text.length), cut: fc.nat(12), scrap: scraps })
  return fc
    .array(change, { minLength: 1, maxLength: 4 })
    .map((changes) =>
      changes.reduce((changing, { at, cut, scrap }) => changing.slice(0, at) + scrap + changing.slice(at + cut), text),
    )
}

const someLayer = fc
  .record({
    'portfolios.yml': mutated(PORTFOLIOS),
    'promotion.yml': mutated('window: { days: 60 }\npromote: { runs: 10 }\n'),
    'catalog/tidy/workflow.yml': mutated(TIDY),
    'catalog/tidy/variants/v.yml': mutated(variant),
    'catalog/tidy/work.md': mutated('Do ${{ inputs.goal }}\n'),
    'catalog/agents/bot.agent.md': mutated(agent),
  })
  .chain((files) => fc.subarray(Object.entries(files), { minLength: 1 }))
  .map((entries) => tidyFiles(Object.fromEntries(entries)))

describe('any text', () => {
  it('is read or named, never thrown over', () => {
    fc.assert(
      fc.property(someLayer, (files) => {
        const loaded = load(layer('repository', files))
        if ('configuration' in loaded) return
        expect(loaded.problems.length).toBeGreaterThan(0)
        for (const { file, line, column, wrong, expected, example } of loaded.problems) {
          const text = files[file.replace('.github/purser/', '')] ?? ''
          expect(line).toBeLessThanOrEqual(text.split('\n').length)
          expect(Math.min(line, column, wrong.length, expected.length, example.length)).toBeGreaterThan(0)
        }
      }),
      { numRuns: RUNS },
    )
  })

  it('may be nothing like a configuration', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        load(layer('repository', { 'portfolios.yml': text, 'catalog/agents/x.agent.md': `---\n${text}\n---\nText` }))
      }),
      { numRuns: RUNS },
    )
  })

  it('reads the same with the line ends of Windows', () => {
    const files = tidyFiles({ 'catalog/tidy/variants/v.yml': variant, 'catalog/agents/bot.agent.md': agent })
    const windows = Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path, text.replaceAll('\n', '\r\n')]),
    )
    const workflows = (from: Record<string, string>) => {
      const loaded = load(layer('repository', from))
      if ('problems' in loaded) return loaded.problems
      return [loaded.configuration.families.get('tidy')?.baseline, loaded.configuration.agents.get('bot')]
    }
    expect(workflows(windows)).toEqual(workflows(files))
  })
})
