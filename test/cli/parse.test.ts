/** `purser parse`: one comment, or many, one JSON string a line. */
import { describe, expect, it } from 'vitest'
import { purserHere } from './here.ts'
import { declared, folder, PORTFOLIOS, purser } from './purser.ts'

const NOTHING = { verb: null, workflow: null, variant: null, inputs: {}, overrides: {}, text: null, problem: null }

async function parseLines(lines: readonly string[], dir: string, by = purserHere): Promise<unknown[]> {
  const { code, stdout, stderr } = await by(['parse', '--jsonl', '--dir', dir], { input: lines.join('\n') })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function comments(...bodies: readonly string[]): string[] {
  return bodies.map((body) => JSON.stringify(body))
}

describe('purser parse --jsonl', () => {
  it('answers each line with exactly its keys', async () => {
    const answers = await parseLines(
      comments(
        '/agent refactor+tests/one-pass goal="Less" cap=2x',
        'Looks good',
        '/agent say "On \\"we\\" go"',
        '/agent go',
        '/agent ask engineer "Why?"',
      ),
      folder(declared),
    )
    expect(answers).toEqual([
      {
        ...NOTHING,
        kind: 'command',
        verb: 'run',
        workflow: 'refactor+tests',
        variant: 'one-pass',
        inputs: { goal: 'Less' },
        overrides: { cap: '2x' },
      },
      { ...NOTHING, kind: 'none' },
      { ...NOTHING, kind: 'command', verb: 'say', text: 'On "we" go' },
      { ...NOTHING, kind: 'command', verb: 'go' },
      { ...NOTHING, kind: 'command', verb: 'ask', agent: 'engineer', text: 'Why?' },
    ])
  })

  it('says what is wrong with a command that is meant', async () => {
    const answers = await parseLines(
      comments(
        '/agent reveiw',
        '/agent refactor+tests/test-first',
        '/agent review goal="x"',
        '/agent review cap=3x',
        '/agent review cap=lots',
        '/agent resume cap=abc',
        '/agent resume cap=0',
        '/agent fork effort=bogus',
        '/agent retry cap=0x effort=hgh',
        '/agent review model=gpt-5',
        '/agent ask enginer "Why?"',
        '/agent',
        '/agent review please look',
        '/agent refactor tests',
        '/agent resum',
        '/agent sy "Go on"',
        '/agent refactor+tests goal=x make it simple',
      ),
      folder(declared),
    )
    expect(answers.map((answer) => Object(answer).problem)).toEqual([
      'There is no workflow `reveiw`. Did you mean `review`?',
      'The workflow `refactor+tests` has no variant `test-first`. Did you mean `tests-first`?',
      'The workflow `review` has no input `goal`. It takes `focus`.',
      'A cap of $3.00 was asked for; the portfolio `refactoring` allows at most $2.00, 2 times the cap of $1.00.',
      '`cap=lots` is no cap; expected a multiple such as `2x` or US dollars such as `5.00`.',
      '`cap=abc` is no cap; expected a multiple such as `2x` or US dollars such as `5.00`.',
      '`cap=0` is no cap; expected a multiple such as `2x` or US dollars such as `5.00`.',
      '`effort=bogus` is none of `minimal`, `low`, `medium`, `high`.',
      '`cap=0x` is no cap; expected a multiple such as `2x` or US dollars such as `5.00`. `effort=hgh` is none of `minimal`, `low`, `medium`, `high`. Did you mean `high`?',
      'The portfolio `refactoring` does not allow the model `gpt-5`. Did you mean `gpt-5.2`?',
      'There is no agent `enginer`. Did you mean `engineer`?',
      'A workflow or a verb is expected after `/agent`; `/agent help` shows them.',
      'After the workflow only inputs are expected, but there is `please look`. Write `focus="please look"`.',
      'There is no workflow `refactor`. Did you mean `refactor+tests`?',
      'There is no workflow `resum`. Did you mean `/agent resume`?',
      'There is no workflow `sy`. Did you mean `/agent say`?',
      'After the workflow only inputs are expected, but there is `make it simple`. Take it into the quotes of `goal`.',
    ])
    for (const answer of answers) expect(answer).toEqual({ ...NOTHING, kind: 'invalid', problem: expect.any(String) })
  })

  it('takes `baseline` for the workflow itself, wherever the App does', async () => {
    const answers = await parseLines(
      comments(
        '/agent refactor+tests/baseline',
        '/agent quote refactor+tests/baseline',
        '/agent fork refactor+tests/baseline',
        '/agent offer refactor+tests/baseline',
      ),
      folder(declared),
    )
    const named = { ...NOTHING, kind: 'command', workflow: 'refactor+tests', variant: 'baseline' }
    expect(answers).toEqual([
      { ...named, verb: 'run' },
      { ...named, verb: 'quote' },
      { ...named, verb: 'fork' },
      {
        ...NOTHING,
        kind: 'invalid',
        problem: '`baseline` is the workflow itself, which is offered without it; write `/agent offer refactor+tests`.',
      },
    ])
  })

  it.each([
    ['a broken configuration', { ...declared, [PORTFOLIOS]: 'version: 2\n' }, '.', 'configuration-invalid'],
    ['a folder that is not there', declared, 'nowhere', expect.any(String)],
  ])('answers one line where there is %s', async (_what, files, dir, reason) => {
    const cwd = folder(files)
    const { code, stdout, stderr } = await purserHere(['parse', '--jsonl', '--dir', dir], {
      cwd,
      input: '"/agent list"\n',
    })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout.match(/\n/g)).toHaveLength(1)
    expect(JSON.parse(stdout)).toMatchObject({ refused: true, reason })
  })

  it('goes on after a line that is not a JSON string, or too long', async () => {
    const answers = await parseLines(
      ['{', '42', '', '"open', JSON.stringify('x'.repeat(500_000)), ...comments('/agent list')],
      folder(declared),
    )
    expect(answers.map((answer) => Object(answer).kind)).toEqual([...Array(5).fill('invalid'), 'command'])
  })

  it('takes CRLF, a last line without an end, and nothing at all', async () => {
    expect(await parseLines(['"a"\r', '"b"\r'], folder(declared))).toHaveLength(2)
    expect(await purserHere(['parse', '--jsonl', '--dir', folder(declared)])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
  })

  it('knows the built-in catalog where nothing is declared', async () => {
    const answers = await parseLines(comments('/agent changelog', '/agent changelg'), folder())
    expect(answers).toMatchObject([{ kind: 'command', workflow: 'changelog' }, { kind: 'invalid' }])
  })

  it('answers as many lines as it gets', async () => {
    const bodies = Array.from({ length: 3000 }, (_, index) => (index % 2 === 0 ? '/agent status' : 'no command'))
    // More than comes at once on standard input.
    const answers = await parseLines(comments(...bodies), folder(declared), purser)
    expect(answers.map((answer) => Object(answer).kind)).toEqual(
      bodies.map((body) => (body.startsWith('/agent') ? 'command' : 'none')),
    )
  })
})

describe('purser parse', () => {
  it('takes one comment, with the newline that a shell adds', async () => {
    const dir = folder(declared)
    const input = '/agent refactor+tests goal="Less"\n'
    expect(await purser(['parse', '--dir', dir], { input })).toEqual({
      code: 0,
      stdout: 'run refactor+tests\n  goal: Less\n',
      stderr: '',
    })
    const json = await purserHere(['parse', '--dir', dir, '--json'], { input })
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'command',
      workflow: 'refactor+tests',
      inputs: { goal: 'Less' },
    })
    const asked = await purserHere(['parse', '--dir', dir], { input: '/agent ask engineer "Why?"' })
    expect(asked.stdout).toBe('ask engineer\n  text: Why?\n')
  })

  it('fails for a command that is meant but wrong, and not for what is none', async () => {
    const dir = folder(declared)
    expect(await purserHere(['parse', '--dir', dir], { input: '/agent reveiw' })).toMatchObject({ code: 1 })
    expect(await purserHere(['parse', '--dir', dir], { input: 'Nice' })).toMatchObject({ code: 0 })
    expect(await purserHere(['parse', '--dir', dir], { input: `/agent list\n${'x'.repeat(200_000)}` })).toMatchObject({
      code: 1,
    })
  })
})
