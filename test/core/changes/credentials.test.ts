import { describe, expect, it } from 'vitest'
import { credentialsIn } from '../../../core/changes/credentials.ts'

/** Put together here, so that no scanner takes this file for a leak. */
const of = (...parts: string[]) => parts.join('')
const letters = (count: number) => 'a1B2c3D4e5F6g7H8i9J0'.repeat(10).slice(0, count)

describe('what looks like a credential', () => {
  it.each([
    ['a GitHub token', of('gh', 'p_', letters(36))],
    ['a GitLab token', of('glp', 'at-', letters(20))],
    ['an npm token', of('np', 'm_', letters(36))],
    ['a PyPI token', of('pypi', '-AgE', letters(60))],
    ['a Stripe key', of('sk_', 'live_', letters(24))],
    ['a SendGrid key', of('SG', '.', letters(22), '.', letters(43))],
    ['a Hugging Face token', of('hf', '_', letters(34))],
    ['a DigitalOcean token', of('dop', '_v1_', 'a1'.repeat(32))],
    ['a Google client secret', of('GOCS', 'PX-', letters(28))],
    ['a Shopify token', of('shp', 'at_', 'a1'.repeat(16))],
    ['an age key', of('AGE-SECRET', '-KEY-1', 'Q7'.repeat(29))],
    ['a Slack webhook', of('https://hooks.slack', '.com/services/T00000000/B00000000/', letters(24))],
    ['an AWS key', of('AK', 'IA', 'A1B2C3D4E5F6G7H8')],
    ['a private key', of('-----BEGIN RSA PRI', 'VATE KEY-----\n', letters(60), '\n-----END RSA PRIVATE KEY-----')],
  ])('%s is named by its line, and never shown', (name, value) => {
    const found = credentialsIn(`first\nsecond\nkey = "${value}"\n`)
    expect(found).toEqual([{ name, line: 3 }])
    expect(JSON.stringify(found)).not.toContain(value)
  })

  it.each([
    [`sk_test_${letters(24)}`],
    ['npm_config_registry=https://registry.example.org'],
    ['AKIA is how such keys begin'],
    ['hf_hub_download(repo_id="x")'],
    ['https://hooks.slack.com/services/YOUR/WEBHOOK/URL'],
    [`sha512-${letters(86)}==`],
  ])('%s is none', (text) => expect(credentialsIn(text)).toEqual([]))

  it('is not the work’s doing when it was there before', () => {
    const token = of('gh', 'p_', letters(36))
    expect(credentialsIn(`a\n${token}\n`, `${token}\n`)).toEqual([])
    expect(credentialsIn(`${token}\n${of('gh', 'o_', letters(36))}\n`, token)).toEqual([
      { name: 'a GitHub token', line: 2 },
    ])
  })
})
