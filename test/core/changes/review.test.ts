import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FINDINGS_MAX, type Finding, readReview, redactReview, reviewSchema } from '../../../core/changes/review.ts'
import { hunksOf, mayOffer, placeFindings } from '../../../core/changes/review-places.ts'
import type { Plan } from '../../../core/plan/plan.ts'
import { redactor } from '../../../core/redact.ts'
import { lineComment, reviewWords } from '../../../core/text/review.ts'

const redact = redactor(['correct-horse-battery'])
const finding: Finding = { path: 'src/a.js', line: 4, severity: 'high', text: 'Drops the remainder.' }

function answer(findings: unknown, summary: unknown = 'Not safe.'): string {
  return JSON.stringify({ summary, findings })
}

describe('an answer', () => {
  it.each([
    ['prose', 'Not safe to merge.'],
    ['of other fields', '{"cause":"code"}'],
    ['with findings that are no list', answer('none')],
    ['that is a list', '[]'],
  ])('%s is no review', (_, text) => {
    expect(readReview(text)).toBeUndefined()
  })

  it('is read whatever stands around it, and null is as good as absent', () => {
    const written = { ...finding, endLine: null, suggestion: null }
    const text = `\`\`\`json\n${answer([written])}\n\`\`\``
    expect(readReview(text)).toEqual({ summary: 'Not safe.', findings: [finding], left: 0 })
  })

  it.each([
    ['a path with a dot', { path: './src/a.js' }, finding],
    ['a last line before the first', { endLine: 3 }, finding],
    ['a range', { endLine: 6 }, { ...finding, endLine: 6 }],
    ['an unheard-of severity', { severity: 'blocker' }, { ...finding, severity: 'medium' }],
    ['an empty suggestion, which would delete', { suggestion: '\n' }, finding],
    ['a suggestion with its line end', { suggestion: '  x()\r\n' }, { ...finding, suggestion: '  x()' }],
    ['a suggestion that is too long to be whole', { suggestion: 'x'.repeat(4_001) }, finding],
    ['no line', { line: null }, undefined],
    ['a line before the first', { line: 0 }, undefined],
    ['half a line', { line: 1.5 }, undefined],
    ['no path', { path: ' ' }, undefined],
    ['no words', { text: '' }, undefined],
  ])('with %s', (_, change, read) => {
    expect(readReview(answer([{ ...finding, ...change }]))?.findings).toEqual(read === undefined ? [] : [read])
  })

  it('says equal things once, the gravest first, and how many it leaves out', () => {
    const low: Finding = { ...finding, severity: 'low', path: 'a.js' }
    const again = { ...finding, text: 'drops  the remainder.' }
    const early = { ...finding, line: 2 }
    expect(readReview(answer([low, finding, again, early]))?.findings).toEqual([early, again, low])
    const many = Array.from({ length: 35 }, (_, index) => ({ ...finding, line: index + 1 }))
    const read = readReview(answer(many))
    expect(read).toMatchObject({ left: 5 })
    expect(read?.findings).toHaveLength(FINDINGS_MAX)
  })

  it('of any shape becomes what a report may hold, or nothing', () => {
    const field = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant('x'.repeat(5_000)))
    const one = fc.record(
      { path: field, line: field, endLine: field, severity: field, text: field, suggestion: field },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(one, fc.jsonValue()), { maxLength: 40 }), field, (findings, summary) => {
        const read = readReview(answer(findings, summary))
        expect(reviewSchema.safeParse(read).success).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('comes out without secrets, and without suggestions that hold one or what nobody sees', () => {
    const secret = 'correct-horse-battery'
    const suggestions = [`key = '${secret}'`, 'a\u202eb', `<!-- ${secret} -->`, 'sum()']
    const findings = suggestions.map((suggestion, index) => ({ ...finding, line: index + 1, suggestion }))
    const review = { summary: `It is ${secret}.`, findings: [...findings, { ...finding, text: secret }], left: 0 }
    const clean = redactReview(review, redact)
    expect(JSON.stringify(clean)).not.toContain(secret)
    expect(clean.findings.map(({ suggestion }) => suggestion)).toEqual([
      undefined,
      undefined,
      undefined,
      'sum()',
      undefined,
    ])
    expect(clean.findings.at(-1)?.text).toBe('***')
  })
})

describe('the places', () => {
  const patch = '@@ -1,3 +1,4 @@ class\n a\n+b\n+@@ -1 +90,5 @@\n c\n-d\n@@ -20,2 +21 @@\n-x\n y\n@@ -30 +31,0 @@\n-z'

  it('are the right sides of hunks, and lines of content open none', () => {
    expect(hunksOf(patch)).toEqual([
      { from: 1, to: 4 },
      { from: 21, to: 21 },
    ])
    expect(hunksOf('')).toEqual([])
    expect(hunksOf('+x\r@@ -1 +90,5 @@\u2028@@ -1 +90,5 @@')).toEqual([])
  })

  it.each<[Partial<Finding>, number[] | undefined]>([
    [{ line: 4 }, [4, 4]],
    [{ line: 1, endLine: 4 }, [1, 4]],
    [{ line: 4, endLine: 21 }, [4, 4]],
    [{ line: 5 }, undefined],
    [{ line: 20, endLine: 21 }, undefined],
    [{ line: 4, path: 'src/A.js' }, undefined],
  ])('%j', (change, lines) => {
    const diff = new Map([['src/a.js', hunksOf(patch)]])
    const { placed, rest } = placeFindings([{ ...finding, ...change }], diff, () => true)
    expect(placed.map(({ line, endLine }) => [line, endLine])).toEqual(lines === undefined ? [] : [lines])
    expect(rest).toHaveLength(lines === undefined ? 1 : 0)
    // Half of a suggestion would be something else.
    if (lines !== undefined) expect(placed[0]?.isOffered).toBe(change.endLine !== 21)
  })
})

describe('a suggestion', () => {
  const subject: Plan['subject'] = { kind: 'pull-request', repository: 'o/r', number: 1, headSha: 'a'.repeat(40) }
  const scope = { experiment: 'e', paths: ['docs/**'] }

  it.each<[string, Plan['guards'], Partial<Finding>, boolean]>([
    ['in a plain file', {}, {}, true],
    ['in a protected file', {}, { path: '.github/workflows/ci.yml' }, false],
    ['in a file that is forbidden', { paths: { deny: ['src/**'] } }, {}, false],
    ['outside what is allowed', { paths: { allow: ['docs/**'] } }, {}, false],
    ['outside the scope of an experiment', { scope }, {}, false],
    ['of more lines than the work may have', { diff: { lines: 2 } }, { suggestion: 'a\nb' }, false],
    ['in a test that may not be loosened', { tests: 'withhold' }, { path: 'test/a.test.js' }, false],
    ['with a credential', {}, { suggestion: `ghp_${'a1B2'.repeat(9)}` }, false],
    ['with a secret of the run', {}, { suggestion: 'correct-horse-battery' }, false],
    ['that reads otherwise than it runs', {}, { suggestion: 'a\u202eb' }, false],
    ['outside the repository', {}, { path: '../a.js' }, false],
  ])('%s', (_, guards, change, isOffered) => {
    const plan = { guards, subject }
    expect(mayOffer(plan, { ...finding, suggestion: '@memo()', ...change }, redact)).toBe(isOffered)
  })

  it('is to the letter where it is offered, and inert where it is only shown', () => {
    const placed = { finding: { ...finding, suggestion: '  @memo()' }, line: 4, endLine: 4 }
    expect(lineComment({ ...placed, isOffered: true }, redact)).toBe(
      '**High.** Drops the remainder.\n\n```suggestion\n  @memo()\n```',
    )
    expect(lineComment({ ...placed, isOffered: false }, redact)).toBe(
      '**High.** Drops the remainder.\n\n```\n  @\u200bmemo()\n```',
    )
  })
})

describe('the texts', () => {
  it('are inert', () => {
    const evil = '@mira fixes #1 ![x](https://evil.example/p.png)\n/agent stop <b>'
    const one = { ...finding, path: 'src/@mira/a`b.js', text: evil, suggestion: evil }
    const words = reviewWords({ summary: evil, findings: [one], left: 2 }, [one], redact)
    for (const text of [words, lineComment({ finding: one, line: 4, endLine: 4, isOffered: false }, redact)]) {
      for (const active of ['@mira', '#1', '![x]', '](', 'https://e', '\n/agent', '<b>'])
        expect(text).not.toContain(active)
    }
    expect(words).toContain('\n\n2 more findings are left out.')
  })

  it('name the place, and show what is suggested below it', () => {
    const one = { ...finding, endLine: 6, suggestion: 'a()\n\nb()' }
    expect(reviewWords({ summary: 'No.', findings: [one], left: 0 }, [one], redact)).toBe(
      'No.\n\n- `src/a.js:4-6` **High.** Drops the remainder.\n\n  ```\n  a()\n\n  b()\n  ```',
    )
  })

  it('fit into what GitHub takes, and say what they leave out', () => {
    const listed = Array.from({ length: 30 }, (_, index) => ({
      ...finding,
      line: index + 1,
      text: '@a'.repeat(1_000),
      suggestion: '@b'.repeat(2_000),
    }))
    const words = reviewWords({ summary: 's'.repeat(4_000), findings: listed, left: 1 }, listed, redact)
    expect(words.length).toBeLessThan(50_000)
    expect(words).toMatch(/\d+ more findings are left out\.$/)
  })

  const piece = fc.constantFrom(
    '`',
    '```',
    '````suggestion',
    '~~~',
    '~~~~',
    '\n',
    '\n\n',
    '    ',
    '> ',
    '- ',
    'x',
    '\\',
    '\u200b',
  )
  const words = fc.array(piece, { minLength: 1, maxLength: 25 }).map((pieces) => pieces.join(''))

  it('hold one fence, which nothing in it ends and nothing before it takes in', () => {
    fc.assert(
      fc.property(words, words, fc.boolean(), (text, suggestion, isOffered) => {
        const [one] = readReview(answer([{ ...finding, text, suggestion }]))?.findings ?? []
        if (one?.suggestion === undefined) return
        const lines = lineComment({ finding: one, line: 4, endLine: 4, isOffered }, redact).split('\n')
        const fences = lines.flatMap((line, index) => (/^[\s>-]*(?:`{3,}|~{3,})/.test(line) ? [index] : []))
        const opening = lines.findIndex((line) => /^`{3,}(?:suggestion)?$/.test(line))
        const fence = /^`+/.exec(lines[opening] ?? '')?.[0] ?? ''
        expect(fences[0]).toBe(opening)
        expect(lines[opening - 1]).toBe('')
        expect(lines.at(-1)).toBe(fence)
        expect(lines.slice(opening + 1, -1).join('\n')).not.toContain(fence)
        if (isOffered) expect(lines.slice(opening + 1, -1).join('\n')).toBe(one.suggestion)
      }),
      { numRuns: 500 },
    )
  })

  it('keep a finding’s words within its item of the list', () => {
    fc.assert(
      fc.property(words, words, (text, suggestion) => {
        const [one] = readReview(answer([{ ...finding, text, suggestion }]))?.findings ?? []
        if (one === undefined) return
        const [first, ...others] = reviewWords({ summary: '', findings: [one], left: 0 }, [one], redact).split(
          /\r?\n|\r/,
        )
        expect(first).toMatch(/^- `src\/a\.js:4`/)
        for (const line of others) expect(line).toMatch(/^(?: {2}|$)/)
      }),
      { numRuns: 500 },
    )
  })
})
