/** The bound of a request's input against the tokenizers that count it, in the forms in which providers write it down. */
import fc from 'fast-check'
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base'
import * as o200k from 'gpt-tokenizer/encoding/o200k_base'
import * as harmonyTokens from 'gpt-tokenizer/encoding/o200k_harmony'
import { describe, expect, it } from 'vitest'
import { toolDefinitions } from '../../../action/tools/tools.ts'
import { toolNames } from '../../../core/config/workflow.ts'
import {
  type AnswerItem,
  type ChatMessage,
  ConversationBound,
  frameTokensBound,
  type Message,
  messageTokensBound,
} from '../../../core/money/input-bound.ts'
import { type Rendered, type Rendering, renderings, type Tool } from '../renderings.ts'

const plain = { disallowedSpecial: new Set<string>() }
const special = { allowedSpecial: 'all' as const }
const tokenizers: readonly [string, (text: string) => number][] = [
  ['o200k_base', (text) => o200k.countTokens(text, plain)],
  ['cl100k_base', (text) => cl100k.countTokens(text, plain)],
  ['o200k_harmony, special tokens in the text taken for such', (text) => harmonyTokens.countTokens(text, special)],
  ['Qwen’s way, in NFC', (text) => o200k.countTokens(text.normalize('NFC'), plain)],
  ['SentencePiece’s way, in NFKC', (text) => cl100k.countTokens(text.normalize('NFKC'), plain)],
]

const lookAlikes = ['<|endoftext|>', '<|im_start|>', '<|start|>system<|message|>', '<|fim_prefix|>', '</s>', '[INST]']
/** Characters that a normal form makes longer, composes or takes apart. */
const shifting = ['\u0958', '\ufdfa', '\u{1d160}', '\ufb2c', 'e\u0301', 'a\u0304\u0323', '\u212b', '한', '\u1100\u1161']
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
      fc.constantFrom(...lookAlikes, ...shifting, '\ud800', '\udfff', '\0', '\u001b[31m', '\u2028', '\u200d'),
      fc
        .tuple(
          fc.constantFrom(' ', 'a', '\n', '\\', '"', '!', '{', '\u0304', '\u3000', '😀', '한', ...shifting),
          fc.nat(200),
        )
        .map(([character, times]) => character.repeat(times)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''))

const json = fc.oneof(
  fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.oneof(text, fc.jsonValue()), { maxKeys: 5 }),
  fc.jsonValue(),
)
const toolCall = fc
  .tuple(
    fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/),
    fc.oneof({ weight: 4, arbitrary: json.map((j) => JSON.stringify(j)) }, { weight: 1, arbitrary: text }),
  )
  .map(([name, written]) => ({ id: 'c1', type: 'function' as const, function: { name, arguments: written } }))
const message: fc.Arbitrary<ChatMessage> = fc.oneof(
  fc.record({ role: fc.constantFrom('system' as const, 'user' as const), content: text }),
  fc.record({ role: fc.constant('assistant' as const), content: text }),
  fc.record({
    role: fc.constant('assistant' as const),
    content: fc.option(text),
    tool_calls: fc.array(toolCall, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ role: fc.constant('tool' as const), tool_call_id: fc.string({ maxLength: 40 }), content: text }),
)

const { parameters } = fc.letrec<{ parameters: Record<string, unknown> }>((tie) => ({
  parameters: fc.oneof(
    { maxDepth: 8, withCrossShrink: true },
    fc.record({ type: fc.constantFrom('string', 'number', 'boolean'), description: text }),
    fc.record({ type: fc.constant('string'), enum: fc.array(text, { minLength: 1, maxLength: 8 }) }),
    fc.record({
      type: fc.constant('object'),
      properties: fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), tie('parameters'), { maxKeys: 4 }),
    }),
    fc.record({ type: fc.constant('array'), items: tie('parameters') }),
  ),
}))
const tool: fc.Arbitrary<Tool> = fc
  .tuple(
    fc.stringMatching(/^[a-z]{1,10}$/),
    text,
    fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), parameters, { maxKeys: 4 }),
  )
  .map(([name, description, properties]) => ({
    type: 'function',
    function: { name, description, parameters: { type: 'object', properties } },
  }))
const tools = fc.oneof(fc.constant(toolDefinitions([...toolNames])), fc.array(tool, { maxLength: 4 }))

function counted(rendered: Rendered, count: (text: string) => number): number {
  return rendered.texts.reduce((sum, piece) => sum + count(piece), rendered.specialTokens)
}

/** The tokens of a request whose conversation has none of these messages, the first, the first two, up to all. */
function tokensOf(
  rendering: Rendering,
  count: (text: string) => number,
  sent: readonly Tool[],
  messages: readonly ChatMessage[],
): readonly number[] {
  const tokens = [counted(rendering.frame(sent), count)]
  for (const [at, one] of messages.entries()) tokens.push((tokens[at] ?? 0) + counted(rendering.message(one), count))
  return tokens
}

function boundOf(sent: readonly Tool[], messages: readonly Message[]): ConversationBound {
  const bound = new ConversationBound(sent)
  for (const one of messages) bound.append(one)
  return bound
}

const utf8 = (written: string) => Buffer.byteLength(written)

describe.each(renderings.map((rendering) => [rendering.name, rendering] as const))(
  'the bound, written as %s',
  (_, rendering) => {
    describe.each(tokenizers)('and counted by %s', (_, count) => {
      it('is never below the tokens of a whole request', () => {
        fc.assert(
          fc.property(tools, fc.array(message, { maxLength: 6 }), (sent, messages) => {
            const tokens = tokensOf(rendering, count, sent, messages).at(-1)
            expect(boundOf(sent, messages).upTo(messages.length)).toBeGreaterThanOrEqual(tokens ?? Number.NaN)
          }),
          { numRuns: 20 },
        )
      })

      it('is never below them either when it goes on from what the provider reported', () => {
        fc.assert(
          fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), fc.nat(), (messages, at) => {
            const bound = boundOf([], messages)
            const byBytes = bound.upTo(messages.length)
            const known = at % messages.length
            const tokens = tokensOf(rendering, count, [], messages)
            bound.learn(known, tokens[known] ?? Number.NaN)
            for (let upTo = known; upTo <= messages.length; upTo += 1) {
              expect(bound.upTo(upTo)).toBeGreaterThanOrEqual(tokens[upTo] ?? Number.NaN)
            }
            expect(bound.upTo(messages.length)).toBeLessThanOrEqual(byBytes)
          }),
          { numRuns: 15 },
        )
      })
    })
  },
)

/** An answer of the Responses API, the same as a chat's message, and what of it was thought, which nobody but the provider can count. */
const itemsAnswer = fc
  .record({
    content: text,
    calls: fc.array(toolCall, { maxLength: 3 }),
    thought: fc.option(fc.record({ encrypted: fc.base64String({ maxLength: 400 }), tokens: fc.nat(2_000) })),
    unusedTokens: fc.nat(50),
  })
  .map(({ content, calls, thought, unusedTokens }) => {
    const items: AnswerItem[] = [
      ...(thought === null
        ? []
        : [{ type: 'reasoning' as const, summary: [] as [], encrypted_content: thought.encrypted }]),
      { type: 'message', role: 'assistant', content },
      ...calls.map(({ id, function: { name, arguments: written } }) => {
        return { type: 'function_call' as const, call_id: id, name, arguments: written }
      }),
    ]
    const thoughtTokens = thought?.tokens ?? 0
    return {
      items: { role: 'assistant' as const, items, outputTokensMax: thoughtTokens + unusedTokens },
      chat: { role: 'assistant' as const, content, tool_calls: calls },
      thoughtTokens,
    }
  })

describe('the bound of an answer of the Responses API', () => {
  it.each(tokenizers)('is never below its text, its calls and what was thought, counted by %s', (_, count) => {
    fc.assert(
      fc.property(itemsAnswer, fc.constantFrom(...renderings), ({ items, chat, thoughtTokens }, rendering) => {
        const tokens = counted(rendering.message(chat), count) + thoughtTokens
        expect(messageTokensBound(items)).toBeGreaterThanOrEqual(tokens)
      }),
      { numRuns: 60 },
    )
  })

  it('counts all output of its call for what was thought, however short it looks encrypted', () => {
    const reasoning = { type: 'reasoning' as const, summary: [] as [], encrypted_content: 'x' }
    const bound = messageTokensBound({ role: 'assistant', items: [reasoning], outputTokensMax: 16_000 })
    expect(bound).toBeGreaterThanOrEqual(16_000)
    expect(messageTokensBound({ role: 'assistant', items: [], outputTokensMax: 16_000 })).toBeLessThan(100)
  })
})

describe('the bound', () => {
  it('is never below the bytes of a text, nor below those of a normal form, whatever the tokenizer makes of them', () => {
    fc.assert(
      fc.property(text, (content) => {
        const bound = messageTokensBound({ role: 'user', content })
        for (const written of [content, content.normalize('NFC'), content.normalize('NFKC')]) {
          expect(bound).toBeGreaterThanOrEqual(utf8(written))
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('holds for every character that a normal form makes longer, alone and after a letter', () => {
    let longer = 0
    for (let point = 0x80; point <= 0x10ffff; point += 1) {
      const character = String.fromCodePoint(point)
      if (character.normalize('NFKC') === character) continue
      const forms = (written: string) => Math.max(utf8(written.normalize('NFC')), utf8(written.normalize('NFKC')))
      if (forms(character) <= utf8(character)) continue
      longer += 1
      for (const content of [character, `e${character}`, `\n${character.repeat(50)}`]) {
        expect(messageTokensBound({ role: 'user', content })).toBeGreaterThanOrEqual(forms(content))
      }
    }
    expect(longer).toBeGreaterThan(500)
  })

  it.each([' ', 'a', '!', '\\', '\0', '\u0958', '😀'])('holds for a long run of %j', (character) => {
    const content = character.repeat(2_000)
    const bound = messageTokensBound({ role: 'user', content })
    for (const [, count] of tokenizers) expect(bound).toBeGreaterThanOrEqual(count(content))
  })

  it('counts a long plain text at one token a byte and little more, so that no call is refused for nothing', () => {
    const content = 'The quick brown fox jumps over the lazy dog. '.repeat(200)
    expect(messageTokensBound({ role: 'tool', tool_call_id: 'c1', content })).toBeLessThan(content.length + 100)
    const korean = '빠른 갈색 여우가 게으른 개를 뛰어넘는다. '.repeat(200)
    expect(messageTokensBound({ role: 'user', content: korean })).toBeLessThan(utf8(korean) + 100)
  })

  it('does not fall where a report says that a longer conversation has fewer tokens', () => {
    const bound = boundOf([], [{ role: 'user', content: 'Hello' }])
    bound.learn(1, 5_000)
    bound.append({ role: 'assistant', content: 'Hello' })
    bound.learn(2, 10)
    expect(bound.upTo(2)).toBe(5_000)
  })

  it('takes over a report above it, so that the next call is not bounded by what did not hold', () => {
    const bound = boundOf([], [{ role: 'user', content: 'Hello' }])
    bound.learn(1, 90_000)
    bound.append({ role: 'user', content: 'Go on' })
    expect(bound.upTo(2)).toBe(90_000 + messageTokensBound({ role: 'user', content: 'Go on' }))
  })

  it('of a shorter part than was reported goes by the bytes', () => {
    const messages: Message[] = [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Hello' },
    ]
    const bound = boundOf([], messages)
    bound.learn(2, 5)
    expect(bound.upTo(1)).toBe(frameTokensBound([]) + messageTokensBound({ role: 'system', content: 'Be brief' }))
  })
})

/** Anthropic's table of what its prompt for tools takes where one of them may be called, and where one has to be. */
it.each([
  ['claude-opus-4-8', 290, 410],
  ['claude-opus-4-7', 675, 804],
  ['claude-opus-4-6', 497, 589],
  ['claude-opus-4-5', 496, 588],
  ['claude-sonnet-5', 354, 474],
  ['claude-haiku-4-5', 496, 588],
  ['claude-3-opus', 530, 281],
])('a request has room for the prompt for tools of %s, whatever else is in it', (_, mayCall, hasToCall) => {
  expect(frameTokensBound([])).toBeGreaterThan(Math.max(mayCall, hasToCall))
})
