/** What a usage says of where, when and how fast a call was answered, each of which has a price of its own. */
import { describe, expect, it } from 'vitest'
import { readMessagesUsage } from '../../../action/meter/messages-usage.ts'

const used = { input_tokens: 20, output_tokens: 10 }

describe('the usage of an answer', () => {
  it.each([
    [{}, false],
    [{ inference_geo: null, service_tier: null, speed: null }, false],
    [{ inference_geo: 'global', service_tier: 'standard', speed: 'standard' }, false],
    [{ inference_geo: 'not_available' }, false],
    [{ inference_geo: '' }, false],
    [{ service_tier: 'default' }, false],
    [{ inference_geo: 'us' }, true],
  ])('with %j is known, and in the US: %s', (said, inUs) => {
    expect(readMessagesUsage([{ ...used, ...said }])).toMatchObject({ kind: 'reported', inUs })
  })

  it.each([{ inference_geo: 'eu' }, { service_tier: 'priority' }, { service_tier: 'batch' }, { speed: 'fast' }])(
    'with %j has a price that the list does not know',
    (said) => {
      expect(readMessagesUsage([used, { ...used, ...said }])).toEqual({ kind: 'unknown' })
    },
  )

  it('is in the US where one of its events says so', () => {
    expect(readMessagesUsage([{ ...used, inference_geo: 'us' }, used])).toMatchObject({ inUs: true })
  })
})
