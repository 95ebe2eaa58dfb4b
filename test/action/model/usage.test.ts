/** What providers say of a call's tokens, each in its own words, and what of it is believed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readUsage } from '../../../action/model/usage.ts'

const reported = (inputTokens: number, cachedTokens: number, outputTokens: number, reasoningTokens = 0) => ({
  kind: 'reported',
  usage: { inputTokens, cachedTokens, outputTokens, reasoningTokens },
})
const unknown = { kind: 'unknown' }

describe('reported usage', () => {
  it.each([
    [
      'OpenAI’s, reasoning within the output',
      {
        prompt_tokens: 2_006,
        completion_tokens: 300,
        total_tokens: 2_306,
        prompt_tokens_details: { cached_tokens: 1_920, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 256, accepted_prediction_tokens: 0 },
      },
      reported(2_006, 1_920, 300, 256),
    ],
    ['the least of it', { prompt_tokens: 10, completion_tokens: 2 }, reported(10, 0, 2)],
    [
      'with nulls for details',
      { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: null, completion_tokens_details: null },
      reported(10, 0, 2),
    ],
    [
      'DeepSeek’s',
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        prompt_cache_hit_tokens: 64,
        prompt_cache_miss_tokens: 36,
        completion_tokens_details: { reasoning_tokens: 30 },
      },
      reported(100, 64, 50, 30),
    ],
    [
      'xAI’s, reasoning beside the output',
      {
        prompt_tokens: 32,
        completion_tokens: 9,
        total_tokens: 135,
        completion_tokens_details: { reasoning_tokens: 94 },
      },
      reported(32, 0, 103, 94),
    ],
    [
      'xAI’s, with less reasoning than output',
      {
        prompt_tokens: 32,
        completion_tokens: 100,
        total_tokens: 182,
        completion_tokens_details: { reasoning_tokens: 50 },
      },
      reported(32, 0, 150, 50),
    ],
    [
      'Gemini’s, thoughts in the total alone',
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 100 },
      reported(10, 0, 90),
    ],
    [
      'more reasoning than output and no total',
      { prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 20 } },
      reported(10, 0, 25, 20),
    ],
    [
      'reasoning that may be within the output or beside it',
      { prompt_tokens: 10, completion_tokens: 50, completion_tokens_details: { reasoning_tokens: 20 } },
      unknown,
    ],
    [
      'Anthropic’s, cache beside the input',
      {
        prompt_tokens: 21,
        completion_tokens: 300,
        cache_creation_input_tokens: 1_800,
        cache_read_input_tokens: 18_000,
      },
      { kind: 'reported', usage: { ...reported(19_821, 18_000, 300).usage, writtenTokens: 1_800 } },
    ],
    [
      'Anthropic’s without a cache',
      { prompt_tokens: 21, completion_tokens: 300, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
      reported(21, 0, 300),
    ],
    [
      'a cache that a gateway may have counted in or not',
      { prompt_tokens: 20_000, completion_tokens: 300, cache_creation_input_tokens: 1_800 },
      unknown,
    ],
    [
      'OpenRouter’s, with what it cost',
      {
        prompt_tokens: 194,
        completion_tokens: 2,
        total_tokens: 196,
        cost: 0.95,
        cost_details: { upstream_inference_cost: null },
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
      reported(194, 0, 2),
    ],
    ['a total below its parts', { prompt_tokens: 10, completion_tokens: 5, total_tokens: 3 }, reported(10, 0, 5)],
    ['text for numbers', { prompt_tokens: '10', completion_tokens: '2' }, unknown],
    ['text for one number', { prompt_tokens: 10, completion_tokens: 2, total_tokens: '12' }, unknown],
    ['no output', { prompt_tokens: 10 }, unknown],
    ['no input', { completion_tokens: 10, total_tokens: 20 }, unknown],
    ['Anthropic’s own names', { input_tokens: 10, output_tokens: 2 }, unknown],
    ['negative', { prompt_tokens: 10, completion_tokens: -2 }, unknown],
    [
      'a negative cache',
      { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: -1 } },
      unknown,
    ],
    ['fractions', { prompt_tokens: 10.5, completion_tokens: 2 }, unknown],
    ['absurdly much', { prompt_tokens: 1e15, completion_tokens: 2 }, unknown],
    ['absurdly much in all', { prompt_tokens: 10, completion_tokens: 2, total_tokens: 1e15 }, unknown],
    ['nothing read', { prompt_tokens: 0, completion_tokens: 2 }, unknown],
    [
      'more cached than read',
      { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 11 } },
      unknown,
    ],
    ['more hit than read', { prompt_tokens: 10, completion_tokens: 2, prompt_cache_hit_tokens: 11 }, unknown],
    ['null', null, unknown],
    ['a list', [1, 2], unknown],
  ])('%s', (_, usage, outcome) => expect(readUsage({ usage })).toEqual(outcome))

  it('is unknown where there is none, and where the answer is no object', () => {
    for (const answer of [{}, null, undefined, 'usage', [], { usage: undefined }])
      expect(readUsage(answer)).toEqual(unknown)
  })

  it('is never less than any of its parts', () => {
    const count = fc.option(fc.oneof(fc.nat(5), fc.nat(1_000)))
    const said = fc.record({
      prompt_tokens: fc.nat(1_000),
      completion_tokens: fc.nat(1_000),
      total_tokens: count,
      prompt_tokens_details: fc.option(fc.record({ cached_tokens: count })),
      completion_tokens_details: fc.option(fc.record({ reasoning_tokens: count })),
      prompt_cache_hit_tokens: count,
      cache_creation_input_tokens: count,
      cache_read_input_tokens: count,
    })
    fc.assert(
      fc.property(said, (usage) => {
        const outcome = readUsage({ usage })
        if (outcome.kind !== 'reported') return
        const { inputTokens, cachedTokens, outputTokens, reasoningTokens } = outcome.usage
        expect(inputTokens).toBeGreaterThanOrEqual(usage.prompt_tokens)
        expect(inputTokens).toBeGreaterThanOrEqual(usage.cache_creation_input_tokens ?? 0)
        expect(inputTokens).toBeGreaterThanOrEqual(usage.cache_read_input_tokens ?? 0)
        expect(outputTokens).toBeGreaterThanOrEqual(usage.completion_tokens)
        expect(outputTokens).toBeGreaterThanOrEqual(reasoningTokens)
        expect(inputTokens + outputTokens).toBeGreaterThanOrEqual(usage.total_tokens ?? 0)
        // What is cheap is only what was said to be: no more than one word for it allows.
        const words = [
          usage.prompt_tokens_details?.cached_tokens,
          usage.prompt_cache_hit_tokens,
          usage.cache_read_input_tokens,
        ]
        expect(cachedTokens).toBeLessThanOrEqual(Math.max(...words.map((word) => word ?? 0)))
      }),
      { numRuns: 2_000 },
    )
  })
})
