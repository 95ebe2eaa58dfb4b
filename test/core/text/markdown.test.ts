import { expect, test } from 'vitest'
import { code, fenced, inline, linesWithin, link, paragraphs, prose, table } from '../../../core/text/markdown.ts'

test('declared words stay on their line and in their cell, and touch nobody', () => {
  const written = inline('a | b\nc `d` *e* @octocat fixes #12 <!-- x --> [f](https://evil.example)')
  expect(written).toContain("a \\| b c 'd' \\*e\\*")
  for (const active of ['@octocat', '#12', '<!--', '](', 'https://']) expect(written).not.toContain(active)
})

test.each([
  ['plain', '`plain`'],
  ['a`b', "`a'b`"],
  ['a\nb', '`a b`'],
  ['a|b', '`a¦b`'],
  ['', '` `'],
])('code %j', (text, expected) => {
  expect(code(text)).toBe(expected)
})

test('a link’s address can’t end early', () => {
  expect(link('x', 'https://a/b c)(d>')).toBe('[x](https://a/b%20c%29%28d%3e)')
})

test.each([
  ['it is `a_b` and c_d', 'It is `a_b` and c\\_d.'],
  ['Done.', 'Done.'],
  ['write `goal="x"`', 'Write `goal="x"`.'],
  ['an open `span', 'An open `span`.'],
  ['a  `b`  c', 'A `b` c.'],
  ['`@octocat` is no name', '`@octocat` is no name.'],
])('prose %j', (text, expected) => {
  expect(prose(text)).toBe(expected)
})

test('a fence is longer than what it holds', () => {
  expect(fenced('yaml', 'a\n````\nb\n')).toBe('`````yaml\na\n````\nb\n`````')
  expect(fenced('', 'a')).toBe('```\na\n```')
})

test('a table, and paragraphs without the empty ones', () => {
  expect(table(['a', 'b'], [['1', '2']])).toBe('| a | b |\n| --- | --- |\n| 1 | 2 |')
  expect(paragraphs('a', undefined, '', 'b')).toBe('a\n\nb')
})

test('lines are shown as far as they fit, line ends counted', () => {
  expect(linesWithin(['ab', 'cd', 'e'], 6)).toEqual({ shown: ['ab', 'cd'], left: 1 })
  expect(linesWithin(['ab', 'cd', 'e'], 8)).toEqual({ shown: ['ab', 'cd', 'e'], left: 0 })
  expect(linesWithin(['ab'], 2)).toEqual({ shown: [], left: 1 })
})
