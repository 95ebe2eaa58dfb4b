import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText, inertLine, inertText } from '../../core/inert.ts'

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
  ])('makes nothing of %j', (text, active) => {
    expect(text).toMatch(active)
    expect(inertText(text)).not.toMatch(active)
  })

  it('stays readable', () => {
    expect(inertText('`a - b` was 3 > 2, see a/b.js').replaceAll('\u200B', '')).toBe('`a - b` was 3 > 2, see a/b.js')
  })

  it('makes one line of at most so many characters', () => {
    expect(inertLine('a\n\n b', 10)).toBe('a b')
    expect(inertLine('x'.repeat(50), 10)).toHaveLength(10)
  })
})
