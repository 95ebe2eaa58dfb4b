import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  COMMAND_LINE_CHARACTERS_MAX,
  COMMENT_BYTES_MAX,
  type Command,
  overrideNames,
  PAIRS_MAX,
  parseComment,
  printCommand,
  VALUE_CHARACTERS_MAX,
  verbs,
} from '../../../core/command/command.ts'
import { rejectionNames } from '../../../core/promotion/rejection.ts'

const nothing = { workflow: null, variant: null, inputs: {}, overrides: {}, text: null, agent: null }

const commands: readonly (readonly [body: string, expected: Partial<Command>])[] = [
  ['/agent refactor+tests', { verb: 'run', workflow: 'refactor+tests' }],
  ['/agent refactor+tests/tests-first', { verb: 'run', workflow: 'refactor+tests', variant: 'tests-first' }],
  ['/agent refactor+tests goal=smaller', { verb: 'run', workflow: 'refactor+tests', inputs: { goal: 'smaller' } }],
  [
    '/agent fix-ci goal="Keep it small" test="npm test"',
    { verb: 'run', workflow: 'fix-ci', inputs: { goal: 'Keep it small', test: 'npm test' } },
  ],
  ['/agent review goal="a \\"b\\" \\\\ c"', { verb: 'run', workflow: 'review', inputs: { goal: 'a "b" \\ c' } }],
  ['/agent review goal=""', { verb: 'run', workflow: 'review', inputs: { goal: '' } }],
  ['/agent review goal=a=b=c', { verb: 'run', workflow: 'review', inputs: { goal: 'a=b=c' } }],
  ['/agent review path=C:\\src', { verb: 'run', workflow: 'review', inputs: { path: 'C:\\src' } }],
  ['/agent review goal=don’t', { verb: 'run', workflow: 'review', inputs: { goal: 'don’t' } }],
  ['/agent review goal="“schön” 😀"', { verb: 'run', workflow: 'review', inputs: { goal: '“schön” 😀' } }],
  [
    '/agent review goal="@octocat fixes #1"',
    { verb: 'run', workflow: 'review', inputs: { goal: '@octocat fixes #1' } },
  ],
  ['/agent review constructor=x', { verb: 'run', workflow: 'review', inputs: { constructor: 'x' } as never }],
  [
    '/agent review cap=1.50 model=gpt-5.2-mini effort=high goal=x',
    {
      verb: 'run',
      workflow: 'review',
      inputs: { goal: 'x' },
      overrides: { cap: '1.50', model: 'gpt-5.2-mini', effort: 'high' },
    },
  ],
  ['/agent \t review\t goal=x  \t', { verb: 'run', workflow: 'review', inputs: { goal: 'x' } }],
  ['/agent\treview', { verb: 'run', workflow: 'review' }],
  ['/agent review\r\nand then some prose `x` "y', { verb: 'run', workflow: 'review' }],
  ['/agent review\rmore', { verb: 'run', workflow: 'review' }],
  ['/agent review\n/agent stop', { verb: 'run', workflow: 'review' }],
  ...(
    [
      'go',
      'status',
      'explain',
      'stop',
      'pause',
      'resume',
      'retry',
      'deliver',
      'promote',
      'reject',
      'offer',
      'list',
      'help',
    ] as const
  ).map((verb) => [`/agent ${verb}`, { verb }] as const),
  ['/agent go ', { verb: 'go' }],
  ['/agent quote refactor+tests', { verb: 'quote', workflow: 'refactor+tests' }],
  [
    '/agent quote review/deep goal=x cap=2',
    { verb: 'quote', workflow: 'review', variant: 'deep', inputs: { goal: 'x' }, overrides: { cap: '2' } },
  ],
  ['/agent say "Keep the public names"', { verb: 'say', text: 'Keep the public names' }],
  ['/agent ask engineer "Why this way?"', { verb: 'ask', agent: 'engineer', text: 'Why this way?' }],
  ['/agent fork', { verb: 'fork' }],
  ['/agent fork review', { verb: 'fork', workflow: 'review' }],
  ['/agent offer review/deep', { verb: 'offer', workflow: 'review', variant: 'deep' }],
  ['/agent offer review', { verb: 'offer', workflow: 'review' }],
  ['/agent reject too-dear', { verb: 'reject', text: 'too-dear' }],
  ['/agent resume cap=5', { verb: 'resume', overrides: { cap: '5' } }],
  ['/agent retry model=gpt-5.2 effort=low', { verb: 'retry', overrides: { model: 'gpt-5.2', effort: 'low' } }],
  ['/agent fork cap=2x', { verb: 'fork', overrides: { cap: '2x' } }],
  ['/agent fork review cap=2x', { verb: 'fork', workflow: 'review', overrides: { cap: '2x' } }],
  ['/agent fork review/deep', { verb: 'fork', workflow: 'review', variant: 'deep' }],
]

describe('commands', () => {
  test.each(commands)('%j', (body, expected) => {
    expect(parseComment(body)).toEqual({ kind: 'command', ...nothing, ...expected })
  })
})

describe('what is no command', () => {
  test.each([
    [''],
    ['Looks good to me'],
    ['Please /agent review'],
    [' /agent review'],
    ['\t/agent review'],
    ['\n/agent review'],
    ['\r\n/agent review'],
    ['\u200b/agent review'],
    ['\ufeff/agent review'],
    ['> /agent review'],
    ['- /agent review'],
    ['    /agent review'],
    ['```\n/agent review\n```'],
    ['~~~\n/agent review\n~~~'],
    ['`/agent review`'],
    ['<!--\n/agent review\n-->'],
    ['<!-- x -->/agent review'],
    ['<details>\n/agent review'],
    ['Thanks!\n/agent review'],
    ['/agents review'],
    ['/Agents'],
    ['/agent-review'],
    ['/agent: review'],
    ['/agent/review'],
    ['/agent.'],
    ['/agenté'],
    ['/agentѕ review'],
    ['/аgent review'],
    ['／agent review'],
    ['//agent review'],
    ['\\/agent review'],
    ['@purser review'],
    ['agent review'],
    ['/age'],
    [`LGTM${'x'.repeat(COMMENT_BYTES_MAX)}`],
  ])('%j', (body) => {
    expect(parseComment(body)).toEqual({ kind: 'none' })
  })
})

describe('what is meant and wrong, and what is said of it', () => {
  test.each([
    ['/agent', '`/agent help`'],
    ['/agent ', '`/agent help`'],
    ['/agent\n review', '`/agent help`'],
    ['/Agent review', 'lower case'],
    ['/AGENT review', 'lower case'],
    ['/agent Review', 'write `review`'],
    ['/agent GO', 'write `go`'],
    ['/agent refactor_tests', 'no workflow’s name'],
    ['/agent 1review', 'no workflow’s name'],
    ['/agent review-', 'no workflow’s name'],
    ['/agent ../../etc/passwd', 'no workflow’s name'],
    ['/agent @octocat', '`@octocat`'],
    ['/agent review/', 'variant’s name is missing'],
    ['/agent /deep', 'workflow’s name is missing'],
    ['/agent review/a/b', '`a/b` is no variant’s name'],
    ['/agent go/deep', 'verb'],
    [`/agent ${'a'.repeat(51)}`, 'at most 50'],
    ['/agent review make it better', 'name="make it better"'],
    ['/agent review goal=x and more', 'name="and more"'],
    ['/agent review "make it better"', 'name="make it better"'],
    [`/agent review ${'word '.repeat(60)}`, 'name="word word'],
    ['/agent review <!-- hidden -->', '`<!--`'],
    ['/agent review; rm -rf /', 'no workflow’s name'],
    ['/agent review $(id)', '`$(id)`'],
    ['/agent review Goal=x', '`Goal` is no input’s name'],
    ['/agent review 1=x', '`1` is no input’s name'],
    ['/agent review __proto__=x', '`__proto__` is no input’s name'],
    ['/agent review =x', 'name is missing'],
    ['/agent review goal=', 'name=""'],
    ['/agent review goal= x', 'name=""'],
    ['/agent review goal = "x"', '`goal="value"` without blanks'],
    ['/agent review goal ="x"', '`goal="value"` without blanks'],
    ['/agent review model=', 'name a model'],
    ['/agent review cap=', 'give a cap'],
    ['/agent review --cap 1', 'write `cap=1`'],
    ['/agent review --goal "make it better"', 'write `goal="make it better"`'],
    ['/agent review --cap=1', 'write `cap=1`'],
    ['/agent run review', 'There is no verb `run`; write `/agent review`.'],
    ['/agent review goal=x goal=y', 'given twice'],
    ['/agent review cap=1 cap=2', 'given twice'],
    ['/agent review goal="x', 'never closed'],
    ['/agent review goal="x\nmore"', 'never closed'],
    ['/agent review goal="x"y', 'closing quote'],
    ['/agent review goal="a\\nb"', 'backslash'],
    ['/agent review goal="a\\', 'backslash'],
    ['/agent review goal=a"b"', 'middle'],
    ['/agent review go"al"=x', 'middle'],
    ["/agent review goal='x y'", 'single quote'],
    ['/agent review goal=“x y”', 'typographic quote'],
    ['/agent say “hello”', 'typographic quote'],
    ['/agent goal=x', 'workflow or a verb is expected first'],
    ['/agent "review"', 'workflow or a verb is expected first'],
    ['/agent go now', '`now`'],
    ['/agent stop x=1', '`x=1`'],
    ['/agent say', 'say "Keep the public names"'],
    ['/agent say hello there', 'say "hello there"'],
    ['/agent say ""', 'empty'],
    ['/agent say "a" "b"', '`"b"`'],
    ['/agent ask', 'agent is expected'],
    ['/agent ask "why?"', 'agent is expected'],
    ['/agent ask engineer', 'in quotes'],
    ['/agent ask engineer why', 'ask engineer "why"'],
    ['/agent ask Engineer "why"', 'write `engineer`'],
    ['/agent quote', 'quote refactor+tests'],
    ['/agent quote goal=x', 'quote refactor+tests'],
    ['/agent fork review goal=x', 'only `cap=`, `model=`, `effort=` are expected'],
    ['/agent fork "x"', 'only `cap=`, `model=`, `effort=` are expected'],
    ['/agent resume please', 'the inputs are the session’s'],
    ['/agent retry goal=x', 'the inputs are the session’s'],
    ['/agent resume cap=1 cap=2', 'given twice'],
    // Look-alikes and what can't be seen, each with its code point
    ['/agent reviеw', 'U+0435'],
    ['/agent review/dеep', 'U+0435'],
    ['/agent review gоal=x', 'U+043E'],
    ['/agent ｒeview', 'U+FF52'],
    ['/agent\u00a0review', 'U+00A0'],
    ['/agent review\u00a0goal=x', 'U+00A0'],
    ['/agent\u200breview', 'U+200B'],
    ['/agent re\u200bview', 'U+200B'],
    ['/agent review goal="a\u202eb"', 'U+202E'],
    ['/agent review goal="a\u2066b"', 'U+2066'],
    ['/agent review goal="a\u{e0041}b"', 'U+E0041'],
    ['/agent review goal="a\u{e0101}b"', 'U+E0101'],
    ['/agent review goal="a\ufe0fb"', 'U+FE0F'],
    ['/agent review goal="a\u3164b"', 'U+3164'],
    ['/agent review goal="a\u2800b"', 'U+2800'],
    ['/agent review goal="a\u00adb"', 'U+00AD'],
    ['/agent review goal="a\u0000b"', 'U+0000'],
    ['/agent review goal="a\u001b[2Jb"', 'U+001B'],
    ['/agent review goal="a\u0085b"', 'U+0085'],
    ['/agent review\u2028/agent stop', 'U+2028'],
    ['/agent review goal="\ud800"', 'U+D800'],
    ['/agent review goal="\ue000"', 'U+E000'],
    // Bounds
    [`/agent review goal="${'x'.repeat(VALUE_CHARACTERS_MAX + 1)}"`, `${VALUE_CHARACTERS_MAX}`],
    [`/agent say "${'x'.repeat(VALUE_CHARACTERS_MAX + 1)}"`, `${VALUE_CHARACTERS_MAX}`],
    [`/agent review ${'x'.repeat(COMMAND_LINE_CHARACTERS_MAX)}`, `${COMMAND_LINE_CHARACTERS_MAX}`],
    [`/agent review\n${'é'.repeat(COMMENT_BYTES_MAX / 2)}`, `${COMMENT_BYTES_MAX} bytes`],
    [`/agent review ${Array.from({ length: PAIRS_MAX + 1 }, (_, i) => `i${i}=x`).join(' ')}`, `${PAIRS_MAX}`],
  ])('%j', (body, said) => {
    const parsed = parseComment(body)
    expect(parsed.kind).toBe('invalid')
    if (parsed.kind === 'invalid') expect(parsed.problem).toContain(said)
  })

  test('repeats what was written only in code spans, so that it can mention and link nobody', () => {
    for (const body of [
      '/agent review @octocat',
      '/agent @octocat',
      '/agent review `@octocat`',
      '/agent say @octocat',
    ]) {
      const parsed = parseComment(body)
      const outside = (parsed.kind === 'invalid' ? parsed.problem : '@octocat').replace(/`[^`]*`/g, '')
      expect(outside).not.toContain('octocat')
    }
  })

  test('takes a line and a value of exactly the bounds', () => {
    expect(parseComment(`/agent review goal="${'x'.repeat(VALUE_CHARACTERS_MAX)}"`).kind).toBe('command')
    const line = '/agent review '
    expect(parseComment(line + ' '.repeat(COMMAND_LINE_CHARACTERS_MAX - line.length)).kind).toBe('command')
    expect(parseComment(`${line}\n${'x'.repeat(COMMENT_BYTES_MAX - line.length - 1)}`).kind).toBe('command')
  })
})

describe('for every comment', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'binary' }).map((rest) => `/agent ${rest}`),
    fc
      .array(
        fc.constantFrom(
          '/agent',
          ' ',
          '\t',
          'review',
          '/',
          'say',
          'ask',
          '=',
          '"',
          '\\',
          'goal',
          'é',
          '“',
          '\u202e',
          '\n',
        ),
      )
      .map((parts) => `/agent ${parts.join('')}`),
  )

  test('parsing never throws, and a problem says something', () => {
    fc.assert(
      fc.property(anything, (body) => {
        const parsed = parseComment(body)
        if (parsed.kind === 'invalid') expect(parsed.problem).toMatch(/^[^a-z].{9,}[.?!]$/s)
        if (!body.toLowerCase().startsWith('/agent')) expect(parsed.kind).toBe('none')
      }),
      { numRuns: 1_000 },
    )
  })

  test('what comes after the first line changes nothing', () => {
    fc.assert(
      fc.property(anything, fc.string({ maxLength: 200 }), (body, more) => {
        const line = body.split(/[\r\n]/)[0] ?? ''
        expect(parseComment(`${line}\n${more}`)).toEqual(parseComment(line))
      }),
    )
  })

  test('a printed command reads back as it was', () => {
    fc.assert(
      fc.property(arbitraryCommand, (command) => {
        expect(parseComment(printCommand(command))).toEqual(command)
      }),
      { numRuns: 1_000 },
    )
  })
})

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}([-+][a-z0-9]{1,8}){0,3}$/)
const workflow = name.filter((text) => !verbs.some((verb) => verb === text))
const inputName = fc
  .stringMatching(/^[a-z][a-z0-9_-]{0,20}$/)
  .filter((text) => !overrideNames.some((override) => override === text))
const value = fc.string({ unit: fc.constantFrom(...'ab Z09"\\=\'`<>@#$(){}/é“”漢😀\t'), maxLength: 60 })
const text = value.filter((written) => written.trim() !== '')
const variant = fc.option(name)
const inputs = fc.dictionary(inputName, value, { maxKeys: 5, noNullPrototype: true })
const overrides = fc.record({ cap: value, model: value, effort: value }, { requiredKeys: [], noNullPrototype: true })

function commandOf(parts: { [K in keyof Command]?: fc.Arbitrary<Command[K]> }): fc.Arbitrary<Command> {
  return fc.record(parts, { noNullPrototype: true }).map((given) => ({
    kind: 'command' as const,
    verb: 'run' as const,
    ...nothing,
    ...given,
  }))
}

const arbitraryCommand: fc.Arbitrary<Command> = fc.oneof(
  commandOf({ verb: fc.constantFrom('run', 'quote'), workflow, variant, inputs, overrides }),
  commandOf({ verb: fc.constantFrom('go', 'status', 'stop', 'list', 'help', 'fork') }),
  commandOf({ verb: fc.constant('fork'), workflow, variant }),
  commandOf({ verb: fc.constant('say'), text }),
  commandOf({ verb: fc.constant('ask'), agent: name, text }),
  commandOf({ verb: fc.constant('reject'), text: fc.constantFrom(null, ...rejectionNames) }),
)
