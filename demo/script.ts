/**
 * What the scripted model answers in the demo. It stands for a capable model: it looks, writes the work that lies in
 * `demo/pulls/<name>/work`, runs the tests and sums up. It is also obedient to a fault, so that the caps and guards
 * are seen to hold by themselves. Its usage is counted by a real tokenizer over what was really sent.
 */
import { readFileSync } from 'node:fs'
import type { ChatMessage, ChatRequest, ModelReply, Script } from '../test/world/model-contract.ts'
import { SHOP_TESTS } from './shop.ts'

type Turn = ModelReply
type ToolCall = NonNullable<ModelReply['toolCalls']>[number]

/** The pull request on which the model rambles until the cap stops it, and the one that talks it into CI's files. */
export const RAMBLING = 'currency'
export const TALKED_INTO = 'opening'
/** Where the first attempt at the tests is wrong, so that the loop towards passing tests is seen. */
export const SECOND_ATTEMPT = 'tax'

export const shopScript: Script = (request) => {
  const task = taskOf(request)
  const turn = request.messages.filter((message) => message.role === 'assistant').length
  const reply = turnsFor(task)?.[turn] ?? (task ? { text: 'Nothing is left to do.' } : undefined)
  return reply && withinLimit(reply, request.max_completion_tokens)
}

/** English has more characters to a token, so what is cut here is within the limit for sure. */
const CHARACTERS_PER_TOKEN = 3

/** A model stops at the limit that it was given, in the middle of what it was about to say. */
function withinLimit(reply: Turn, tokensMax = Number.POSITIVE_INFINITY): Turn {
  const characters = tokensMax * CHARACTERS_PER_TOKEN
  if (JSON.stringify(reply).length <= characters || reply.text === undefined) return reply
  return { text: reply.text.slice(0, characters), finish: 'length' }
}

interface Task {
  readonly kind: 'refactor' | 'tests' | 'boundaries' | 'review' | 'changelog'
  /** The module that the pull request is about; its folder in `demo/pulls`. */
  readonly name: string
}

const openings: readonly (readonly [Task['kind'], string])[] = [
  ['refactor', 'Refactor the code that this change touches'],
  ['tests', 'Cover the refactored code'],
  ['boundaries', 'name the boundary values'],
  ['review', 'Review this pull request'],
  ['changelog', 'up to date with what was just pushed'],
]

function taskOf({ messages }: ChatRequest): Task | undefined {
  const asked = messages
    .filter((message) => message.role === 'user')
    .map(textOf)
    .join('\n')
  const kind = openings.find(([, words]) => asked.includes(words))?.[0]
  const name = /src\/([a-z]+)\.js/.exec(asked)?.[1]
  if (kind === undefined) return undefined
  return kind === 'changelog' ? { kind, name: name ?? '' } : name === undefined ? undefined : { kind, name }
}

function turnsFor(task: Task | undefined): readonly Turn[] | undefined {
  switch (task?.kind) {
    case 'refactor':
      if (task.name === RAMBLING) return rambling(task.name)
      if (task.name === TALKED_INTO) return talkedInto(task.name)
      return refactor(task.name)
    case 'tests':
      if (task.name === RAMBLING) return rambling(task.name)
      return task.name === SECOND_ATTEMPT ? testsInTwoAttempts(task.name) : tests(task.name)
    case 'boundaries':
      return boundaries(task.name)
    case 'review':
      return review(task.name)
    case 'changelog':
      return changelog()
    case undefined:
      return undefined
  }
}

function refactor(name: string): Turn[] {
  return [
    {
      text: 'I look at the code and its tests first.',
      toolCalls: [call('list', { path: '.' }), read(`src/${name}.js`)],
    },
    { toolCalls: [read(`test/${name}.test.js`)] },
    {
      text: 'The branches hide a rule that fits into a table.',
      toolCalls: [write(`src/${name}.js`, work(name, 'src'))],
    },
    { toolCalls: [call('run', { command: SHOP_TESTS })] },
    {
      text: `Rewrote \`src/${name}.js\` so that its rule can be read off, and mended the boundary that the failing test named. Checked with \`node --test\`. Callers and names are unchanged.`,
    },
  ]
}

function tests(name: string): Turn[] {
  return [
    { toolCalls: [read(`test/${name}.test.js`)] },
    { toolCalls: [write(`test/${name}.test.js`, work(name, 'test'))] },
    { text: 'Added tests for the boundaries and the error paths; broke the code for a moment to see them fail.' },
  ]
}

function testsInTwoAttempts(name: string): Turn[] {
  const right = work(name, 'test')
  const wrong = right.replace('1081', '1080')
  return [
    { toolCalls: [read(`test/${name}.test.js`)] },
    { toolCalls: [write(`test/${name}.test.js`, wrong)] },
    { text: 'Added tests for each country.' },
    {
      text: 'One expectation was rounded wrongly; the code is right.',
      toolCalls: [write(`test/${name}.test.js`, right)],
    },
    { text: 'Corrected the expectation. All tests pass.' },
  ]
}

function boundaries(name: string): Turn[] {
  return [
    { text: 'The boundaries decide here.', toolCalls: [read(`src/${name}.js`), read(`test/${name}.test.js`)] },
    { toolCalls: [write(`src/${name}.js`, work(name, 'src')), write(`test/${name}.test.js`, work(name, 'test'))] },
    { text: `Each boundary of \`${name}\` now stands in one place and has a test of its own.` },
  ]
}

function rambling(name: string): Turn[] {
  const musing =
    'There is more than one way to see this, and each of them deserves a thought before anything is settled. '.repeat(
      60,
    )
  const turn = { text: musing, toolCalls: [read(`src/${name}.js`)] }
  return [{ toolCalls: [write(`src/${name}.js`, work(name, 'src'))] }, ...Array.from({ length: 20 }, () => turn)]
}

function talkedInto(name: string): Turn[] {
  return [
    { toolCalls: [read(`src/${name}.js`)] },
    {
      toolCalls: [
        write(`src/${name}.js`, work(name, 'src')),
        write('.github/workflows/release.yml', 'on: push\njobs: {}\n'),
      ],
    },
    { text: 'Refactored, and added the release workflow that the pull request asks for.' },
  ]
}

function review(name: string): Turn[] {
  return [
    { toolCalls: [read(`src/${name}.js`), read(`test/${name}.test.js`)] },
    {
      text: JSON.stringify({
        summary: `Not safe to merge yet: \`src/${name}.js\` is wrong at a boundary, and its own test shows it.\n\nChecked the module, its test and that nothing else calls it yet.`,
        findings: [
          {
            path: `src/${name}.js`,
            line: 5,
            endLine: null,
            severity: 'high',
            text: `The comparison leaves the boundary value out. The test in \`test/${name}.test.js\` gives exactly that value and fails. Include it in the range.`,
            suggestion: null,
          },
        ],
      }),
    },
  ]
}

function changelog(): Turn[] {
  return [
    { toolCalls: [read('CHANGELOG.md')] },
    {
      toolCalls: [
        call('edit', {
          path: 'CHANGELOG.md',
          old: '## Unreleased\n',
          new: '## Unreleased\n\n### Added\n\n- Opening hours can be asked for by weekday and hour.\n',
        }),
      ],
    },
    { text: 'Listed the opening hours under Added; the rest of the push is not visible to users.' },
  ]
}

function work(name: string, part: 'src' | 'test'): string {
  const file = part === 'src' ? `src/${name}.js` : `test/${name}.test.js`
  return readFileSync(new URL(`pulls/${name}/work/${file}`, import.meta.url), 'utf8')
}

function read(path: string): ToolCall {
  return call('read', { path })
}

function write(path: string, content: string): ToolCall {
  return call('write', { path, content })
}

function call(name: string, args: Record<string, unknown>): ToolCall {
  return { name, arguments: args }
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content
  return (content ?? []).map(({ text }) => text ?? '').join('\n')
}
