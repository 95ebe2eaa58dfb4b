/**
 * Texts that an agent, a repository or a comment can choose, made of the parts of the patterns that read them. Each is done
 * well within the test's own time; where a pattern is entered again at every part it takes minutes, with the App standing still.
 */
import { describe, expect, it } from 'vitest'
import { credentialsIn } from '../../core/changes/credentials.ts'
import { checkSecrets, testChangesOf, validateChangeset } from '../../core/changes/guard.ts'
import { testChanges } from '../../core/changes/test-changes.ts'
import { inertText } from '../../core/inert.ts'
import { maskedText } from '../../core/masked-text.ts'
import { expressionsIn } from '../../core/plan/template.ts'
import { redactor } from '../../core/redact.ts'
import { failureOf } from '../../core/run/failure.ts'
import { withoutAccounts } from '../../core/session/subject-words.ts'

const CHARACTERS = [1_000_000, 2_000_000]
const redact = redactor(['a secret of the run'])

function changeset(path: string, text: string) {
  const contentBase64 = Buffer.from(text).toString('base64')
  return { baseSha: 'a', files: [{ path, mode: '100644' as const, contentBase64, addedLines: 1, deletedLines: 0 }] }
}

function test(path: string, before: string, after: string) {
  return testChanges([{ path, before, after }])
}

const begin = ['-----BEGIN ', 'PRIVATE KEY-----'].join('')
const token = (prefix: string, length: number) => prefix + 'a1'.repeat(length / 2)
const secrets = (text: string) => checkSecrets(changeset('a.txt', text), redact)
const credentials = (text: string) => [
  validateChangeset(changeset('a.txt', text)),
  credentialsIn(text, text.replaceAll('1', '2')),
]
const shown = (text: string) => inertText(text, redact)
const failure = (text: string) =>
  failureOf({ conclusion: 'failed', reason: 'step-failed' }, { message: text, steps: [] })

describe.each(CHARACTERS)('%d characters', (characters) => {
  const repeated = (part: string) => part.repeat(characters / part.length)

  it.each([
    ['beginnings of keys', begin, secrets],
    ['words of a key’s name', '-----BEGIN A A A ', secrets],
    ['beginnings and ends of keys', `${begin}-----END `, secrets],
    ['beginnings of signed tokens', '-eyJ', secrets],
    ['beginnings of signed tokens, found', '-eyJ', credentials],
    ['signed tokens without an end', `-${token('eyJ', 20)}.${token('eyJ', 20)}.`, secrets],
    ['signed tokens', `${token('eyJ', 20)}.${token('eyJ', 20)}.${token('', 30)} `, secrets],
    ['tokens on lines', `${['AK', 'IA'].join('')}${'A1'.repeat(8)}\n`, credentials],
    ['beginnings of tokens', 'sk-', secrets],
    ['hyphens', '-', secrets],
    ['comments', '<!--', shown],
    ['blanks', ' [\n/', shown],
    ['code', '`a\n', withoutAccounts],
    ['beginnings of expressions', '${{ ', expressionsIn],
    ['one line', 'x', failure],
    ['digits', '1.', failure],
    ['lines that were cut', 'x\n[... 1 bytes in all', maskedText],
  ])('of %s are read', (_, part, read) => {
    expect(() => read(repeated(part))).not.toThrow()
  })

  it('of blanks within an expression are read', () => {
    expect(expressionsIn(`\${{${repeated(' ')}`)).toEqual([])
  })

  it.each([
    ['assertions of JavaScript', 'a.test.js', 'expect.'],
    ['comparisons', 'a.test.js', 'assert(a==b)!='],
    ['assertions of Python', 'test_a.py', 'assertGreater'],
    ['attributes of C#', 'ATests.cs', '[Fact(Skip'],
    ['blanks of Ruby', 'a_spec.rb', 'it  '],
  ])('of %s are read, on one line and on many', (_, path, part) => {
    expect(test(path, '', repeated(part))).toMatchObject([{ kind: 'unread', line: 1 }])
    const line = part.repeat(Math.floor(1000 / part.length))
    const lines = repeated(`${line}\n`)
    expect(() => test(path, lines, `${lines}x`)).not.toThrow()
  })

  it('of tests and their assertions are compared', () => {
    const tests = Array.from({ length: characters / 40 }, (_, n) => `it('${n}', () => {\nexpect(a).toBe(${n})\n})\n`)
    expect(test('a.test.js', tests.join(''), tests.slice(1).join(''))).toMatchObject([{ kind: 'removed', what: '0' }])
  })
})

it('reads what the work does to tests as the guard does', () => {
  const found = testChangesOf(changeset('a.test.js', 'expect.'.repeat(100_000)), new Map())
  expect(found).toMatchObject([{ kind: 'unread', path: 'a.test.js', line: 1 }])
})
