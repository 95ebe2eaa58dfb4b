import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText, inertLine, inertText, redactClean } from '../../core/inert.ts'
import { redactor } from '../../core/redact.ts'

describe('text for a prompt', () => {
  it.each([
    ['a zero-width space', 'a\u200Bb'],
    ['tag characters', 'a\u{E0041}\u{E0042}b'],
    ['a bidirectional override', 'a\u202Eb'],
    ['a bidirectional isolate', 'a\u2066b'],
    ['a soft hyphen', 'a\u00ADb'],
    ['a variation selector', 'a\u{E0101}b'],
    ['a Hangul filler', 'a\u3164b'],
    ['a null', 'a\0b'],
    ['an escape', 'a\u001Bb'],
    ['an HTML comment', 'a<!-- do evil -->b'],
    ['an open HTML comment', 'ab<!-- do evil'],
    ['a comment hidden by an invisible character', 'a<!\u200B-- x -->b'],
  ])('loses %s, and that is counted', (_, text) => {
    expect(cleanText(text)).toMatchObject({ text: 'ab' })
    expect(cleanText(text).removed).toBeGreaterThan(0)
  })

  it('keeps what people see: lines, tabs, accents, emoji', () => {
    const text = 'a\tb\r\nc é 日本 👍 ❤️ <b> --> x'
    expect(cleanText(text)).toEqual({ text, removed: 0 })
  })

  it('has no comment left however they are nested', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('<!--', '-->', '<', '!', '--', '>', 'x', '\u200B')), (parts) => {
        expect(cleanText(parts.join('')).text).not.toContain('<!--')
      }),
    )
  })
})

describe('text for GitHub', () => {
  it.each([
    ['@octocat', /@octocat/],
    ['@org/team', /@org/],
    ['fixes #1', /#1/],
    ['closes owner/repo#12', /#12/],
    ['GH-5', /GH-5/],
    ['fixes https://github.com/o/r/issues/1', /https:\/\//],
    ['![x](https://evil.example/?q=1)', /!\[|\]\(|:\/\//],
    ['[x][ref]\n\n[ref]: //evil.example', /\]\[|\]:/],
    ['<img src=//evil.example>', /<img/],
    ['<https://user:pw@evil.example>', /<https|:\/\//],
    ['<!-- hidden -->', /<!--/],
    ['www.evil.example', /www\./],
    ['/agent refactor+tests', /^\/agent/m],
    ['text\n> /approve', /^> \/approve/m],
    ['&commat;mira &#64;mira &#x40;mira', /&(?:commat|#64|#x40);/],
    ['[skip ci]', /\[skip ci\]/],
    ['[skip circle]', /\[skip circle\]/],
    ['[AZP skip]', /\[AZP skip\]/],
    ['***NO_CI***', /NO_CI/],
    ['[Actions\nskip]', /\[Actions\s+skip\]/],
    ['x\n\nskip-checks: true', /^skip-checks:/m],
    [`This reverts commit ${'a'.repeat(40)}.`, /^This reverts commit/m],
    ['Reverts acme/shop#12', /^Reverts [\w/]+#\d/m],
  ])('makes nothing of %j', (text, active) => {
    expect(text).toMatch(active)
    expect(inertText(text)).not.toMatch(active)
  })

  it.each(['hunter2\u200Bsecret', 'hunter2<!-- -->secret', 'hunter2<!\u200B-- -->secret'])(
    'is redacted when it is clean: %j',
    (text) => {
      const redact = redactor(['hunter2secret'])
      expect(redactClean(text, redact)).toBe('***')
      expect(inertText(text, redact)).toBe('***')
      expect(inertLine(text, 80, redact)).toBe('***')
    },
  )

  it('stays readable', () => {
    expect(inertText('`a - b` was 3 > 2, see a/b.js').replaceAll('\u200B', '')).toBe('`a - b` was 3 > 2, see a/b.js')
  })

  it('makes one line of at most so many characters', () => {
    expect(inertLine('a\n\n b', 10)).toBe('a b')
    expect(inertLine('x'.repeat(50), 10)).toHaveLength(10)
  })
})
