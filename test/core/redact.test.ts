import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redactor } from '../../core/redact.ts'

/** Put together here, so that no scanner takes this file for a leak. */
const [begin, end] = ['BEGIN', 'END'].map((word) => `-----${word} PRIVATE KEY-----`)
const secret = 'canary/Secret+0123456789=?&"x'

describe('the redactor', () => {
  it.each([
    ['itself', secret],
    ['base64', Buffer.from(secret).toString('base64')],
    ['base64 within other bytes', Buffer.from(`user:${secret}:tail`).toString('base64')],
    ['base64url', Buffer.from(`a${secret}`).toString('base64url')],
    ['hexadecimal', Buffer.from(secret).toString('hex')],
    ['upper-case hexadecimal', Buffer.from(secret).toString('hex').toUpperCase()],
    ['a URL', encodeURIComponent(secret)],
    ['JSON', JSON.stringify(secret)],
    ['HTML', secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
    ['backwards', [...secret].reverse().join('')],
  ])('finds a secret as %s', (_, written) => {
    const clean = redactor([secret])(`before ${written} after`)
    expect(clean).toContain('***')
    expect(clean).toMatch(/^before .* after$/)
    expect(clean).not.toContain(written.slice(6, -6))
  })

  it('finds a secret wherever it stands, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, unit: 'grapheme' }), fc.string(), fc.string(), (value, before, after) => {
        fc.pre(value.trim().length >= 6 && value.trim() !== '***')
        expect(redactor([value])(`${before}${value}${after}`).split('***').join('\n')).not.toContain(value.trim())
      }),
    )
  })

  it('finds the lines of a key file', () => {
    const key = `-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----`
    expect(redactor([key])('x AQEFAASCBKcwggSjAgEAAoIB x')).toBe('x *** x')
  })

  it.each([
    `ghp_${'A1'.repeat(18)}`,
    `github_pat_${'A'.repeat(70)}`,
    `sk-proj-${'a1'.repeat(20)}`,
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P',
  ])('knows %s for a credential', (token) => expect(redactor([])(`a ${token} b`)).toBe('a *** b'))

  it.each([
    ['a key longer than any', `${begin}\n${'MIIE\n'.repeat(20_000)}${end}`, 'a *** b'],
    ['a key that was cut off', `${begin}\n${'MIIE\n'.repeat(20_000)}`, 'a ***'],
    ['a long token', `ghs_${'A1'.repeat(300)}`, 'a *** b'],
    ['a long signed token', `eyJ${'A1'.repeat(2000)}.eyJ${'A1'.repeat(5000)}.${'A1'.repeat(2000)}`, 'a *** b'],
    [
      'a signed token behind other letters',
      `id-eyJ${'A1'.repeat(9)}.eyJ${'A1'.repeat(9)}.${'A1'.repeat(20)}`,
      'a *** b',
    ],
  ])('takes %s whole', (_, secret, clean) => expect(redactor([])(`a ${secret} b`)).toBe(clean))

  it('leaves ordinary text and short values alone', () => {
    const text = 'const task = skip(sk, "abc")'
    expect(redactor(['abc', ''])(text)).toBe(text)
  })
})
