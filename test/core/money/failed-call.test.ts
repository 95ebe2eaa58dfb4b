import { expect, it } from 'vitest'
import { outcomeOfConnection, outcomeOfStatus } from '../../../core/money/failed-call.ts'

const elsewhere = (status: number, said: string | undefined) =>
  outcomeOfStatus({ status, said, toItsOwnAddress: false }).kind

it.each([
  // As Azure, LiteLLM and vLLM write them.
  'The response was filtered due to the prompt triggering Azure OpenAI’s content management policy.',
  '{"code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}',
  'litellm.ContentPolicyViolationError: AzureException',
  '{"code":"context_length_exceeded"}',
  'This model’s maximum context length is 128000 tokens.',
])(
  '%s was read and may be billed, though it is answered with 400, but not by OpenAI and Anthropic themselves',
  (said) => {
    expect(elsewhere(400, said)).toBe('unknown')
    expect(outcomeOfStatus({ status: 400, said, toItsOwnAddress: true }).kind).toBe('unbilled')
  },
)

it.each(['Unsupported parameter: reasoning_effort', 'The model `m` does not exist', 'Incorrect API key'])(
  '%s was turned away before it was read',
  (said) => expect(elsewhere(400, said)).toBe('unbilled'),
)

it('is unknown where the provider itself said nothing, or failed', () => {
  expect(elsewhere(400, undefined)).toBe('unknown')
  expect(elsewhere(500, 'no')).toBe('unknown')
  expect(outcomeOfConnection('ECONNRESET').kind).toBe('unknown')
})
