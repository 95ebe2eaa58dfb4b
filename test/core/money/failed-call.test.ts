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
})

const failure = (code: string, syscall?: string) => Object.assign(new Error(`${syscall} ${code}`), { code, syscall })
const thrown = (cause: unknown) => new TypeError('fetch failed', { cause })
const severalAddresses = (...errors: Error[]) =>
  Object.assign(new AggregateError(errors), { code: errors[0] && 'code' in errors[0] ? errors[0].code : undefined })

it.each([
  ['ECONNREFUSED', 'connect', 'unbilled'],
  ['ENOTFOUND', 'getaddrinfo', 'unbilled'],
  ['EAI_AGAIN', 'getaddrinfo', 'unbilled'],
  ['UND_ERR_CONNECT_TIMEOUT', undefined, 'unbilled'],
  ['EHOSTUNREACH', 'connect', 'unbilled'],
  ['ENETUNREACH', 'connect', 'unbilled'],
  // After the request went out: the way to the host broke under a connection that stood.
  ['EHOSTUNREACH', 'read', 'unknown'],
  ['ENETUNREACH', 'write', 'unknown'],
  ['EHOSTUNREACH', undefined, 'unknown'],
  ['ECONNRESET', 'read', 'unknown'],
  ['ETIMEDOUT', 'read', 'unknown'],
])('%s of %s is %s', (code, syscall, kind) => {
  expect(outcomeOfConnection(thrown(failure(code, syscall))).kind).toBe(kind)
})

it('was never sent where all of several addresses were tried in vain', () => {
  const addresses = severalAddresses(failure('ENETUNREACH', 'connect'), failure('ECONNREFUSED', 'connect'))
  expect(outcomeOfConnection(thrown(addresses)).kind).toBe('unbilled')
})

it('is unknown of what is no error of a connection', () => {
  for (const odd of [undefined, 'ECONNREFUSED', new Error('x'), thrown(new Error('x'))]) {
    expect(outcomeOfConnection(odd).kind).toBe('unknown')
  }
})
