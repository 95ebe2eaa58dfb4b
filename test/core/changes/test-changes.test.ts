/** What counts as loosened tests, for each framework; and what does not. */
import { describe, expect, it } from 'vitest'
import { type FileChange, testChanges } from '../../../core/changes/test-changes.ts'
import { testChangeSentence } from '../../../core/text/test-change-words.ts'

const words = (files: readonly FileChange[]) => testChanges(files).map(testChangeSentence)
const change = (path: string, before: string | undefined, after: string | undefined) => words([{ path, before, after }])

const JS = `import { sum } from '../sum.js'
describe('sum', () => {
  it('adds', () => {
    expect(sum(2, 3)).toBe(5)
    expect(sum(0, 0)).toBe(0)
  })
  it.each([[1], [2]])('takes %i', (one) => {
    expect(sum(one, 0)).toEqual(one)
  })
})
`
const js = (from: string | RegExp, to: string) => change('test/sum.test.js', JS, JS.replace(from, to))

describe('tests of JavaScript', () => {
  it.each([
    ['skips a case', "it('adds'", "it.skip('adds'", ["`test/sum.test.js:3` skips a test: `it.skip('adds', () => {`."]],
    [
      'skips a case by its old name',
      "it('adds'",
      "xit('adds'",
      ["`test/sum.test.js:3` skips a test: `xit('adds', () => {`."],
    ],
    [
      'leaves all others out',
      "it('adds'",
      "it.only('adds'",
      ["`test/sum.test.js:3` leaves out all other tests: `it.only('adds', () => {`."],
    ],
    ['removes a case', /it\.each[\s\S]*?\n {2}\}\)\n/, '', ['`test/sum.test.js:7` no longer has the test `takes %i`.']],
    ['comments a case out', "  it('adds'", "  // it('adds'", ['`test/sum.test.js:3` no longer has the test `adds`.']],
    ['asserts less', /.*sum\(0, 0\).*\n/, '', ['`test/sum.test.js:3` asserts less in `adds`.']],
    [
      'asks for less',
      'toBe(5)',
      'toBeTruthy()',
      ['`test/sum.test.js:4` asks for less: `expect(sum(2, 3)).toBeTruthy()`.'],
    ],
    [
      'asks for nothing',
      'expect(sum(2, 3)).toBe(5)',
      'expect(true).toBe(true)',
      ['`test/sum.test.js:4` asks for less: `expect(true).toBe(true)`.'],
    ],
    [
      'expects something else',
      'toBe(5)',
      'toBe(6)',
      ['`test/sum.test.js:4` expects something else: `expect(sum(2, 3)).toBe(6)`.'],
    ],
  ])('%s', (_, from, to, said) => expect(js(from, to)).toEqual(said))

  it.each([
    ['a case more', "  it('adds'", "  it('subtracts', () => {\n    expect(1).toBe(1)\n  })\n  it('adds'"],
    ['an assertion more', 'toBe(5)', 'toBe(5)\n    expect(sum(1, 1)).toBe(2)'],
    ['another subject', 'sum(2, 3)', 'add(2, 3)'],
    ['a looser one made exact', 'nothing', 'nothing'],
    ['other blanks', "it('adds'", "it( 'adds'"],
    ['words that only look so', "it('adds'", "// describe.skip is not used here\n  it('adds'"],
  ])('says nothing of %s', (_, from, to) => expect(js(from, to)).toEqual([]))

  it('names a deleted file, and not one that was moved', () => {
    expect(change('test/sum.test.js', JS, undefined)).toEqual(['`test/sum.test.js` is deleted, and 2 tests with it.'])
    const moved = [
      { path: 'test/sum.test.js', before: JS, after: undefined },
      { path: 'test/math/sum.test.js', before: undefined, after: JS },
    ]
    expect(words(moved)).toEqual([])
  })

  it('looks at new files for marks alone', () => {
    expect(change('src/a.spec.ts', undefined, "test.only('a', () => {})\n")).toHaveLength(1)
    expect(change('src/a.spec.ts', undefined, JS)).toEqual([])
  })

  it('names what it can’t read where it changes', () => {
    const long = `it('adds', () => { expect(sum(1, 2)).toBe(3) }); ${'x'.repeat(1000)}`
    const said = [expect.stringContaining('`a.test.js:2` changes a line too long to be read for tests: `it')]
    expect(change('a.test.js', `\n${long}\n`, `\n${long.replace('it(', 'it.skip(')}\n`)).toEqual(said)
    expect(change('a.test.js', `\n${long}\n`, '\n')).toEqual(said)
    expect(change('a.test.js', `\n${long}\n`, undefined)).toEqual(said)
    expect(change('a.test.js', undefined, `\n${long}\n`)).toEqual(said)
    expect(change('a.test.js', `\n${long}\n`, `${long}\n\n`)).toEqual([])
  })

  it('leaves code alone', () => expect(change('src/sum.js', JS, '')).toEqual([]))

  it('does not read on within a comment', () => {
    const asleep = change('test/sum.test.js', JS, `/*\n${JS}*/\nimport { it } from 'vitest'\nit('runs', () => {})\n`)
    expect(asleep).toEqual([
      '`test/sum.test.js:3` no longer has the test `adds`.',
      '`test/sum.test.js:7` no longer has the test `takes %i`.',
    ])
    expect(change('test/sum.test.js', JS, `/** What adds. */\n/*\n * And why.\n */\n${JS}`)).toEqual([])
    expect(change('test/sum.test.js', JS, `const files = 'src/**/*.js'\n${JS}`)).toEqual([])
  })

  it.each(['if (false) {', 'process.exit(0)'])('names %s, behind which nothing runs', (line) => {
    expect(change('test/sum.test.js', JS, `${line}\n${JS}`)).toEqual([
      `\`test/sum.test.js:1\` skips a test: \`${line}\`.`,
    ])
  })

  it('names a snapshot that was written anew', () => {
    expect(change('src/__snapshots__/a.snap', 'a', 'b')).toEqual([
      '`src/__snapshots__/a.snap:1` expects something else: what was recorded.',
    ])
    expect(change('src/__snapshots__/a.snap', undefined, 'b')).toEqual([])
  })

  it('names no more than a reader looks at', () => {
    const many = Array.from({ length: 60 }, (_, n) => `it('case ${n}', () => {})`).join('\n')
    expect(testChanges([{ path: 'a.test.js', before: many, after: '' }])).toHaveLength(20)
  })
})

describe('tests elsewhere', () => {
  it.each([
    [
      'tests/test_a.py',
      'def test_a():\n    assert f() == 3\n',
      'def test_a():\n    assert f()\n',
      'asks for less: `assert f()`',
    ],
    [
      'tests/test_a.py',
      'def test_a():\n    assert f() == 3\n',
      'def test_a():\n    assert f() == 4\n',
      'expects something else',
    ],
    ['tests/test_a.py', 'def test_a():\n    pass\n', '@pytest.mark.skip\ndef test_a():\n    pass\n', 'skips a test'],
    ['tests/test_a.py', 'def test_a():\n    pass\n', 'def a():\n    pass\n', 'no longer has the test `test_a`'],
    ['tests/test_a.py', '    self.assertEqual(a, 1)\n', '    self.assertTrue(a)\n', 'asks for less'],
    [
      'a_test.go',
      'func TestA(t *testing.T) {\n',
      'func TestA(t *testing.T) {\n\tt.Skip("flaky")\n',
      'skips a test: `t.Skip("flaky")`',
    ],
    ['tests/test_a.py', 'def test_a():\n    pass\n', '"""\ndef test_a():\n    pass\n"""\n', 'no longer has the test'],
    [
      'tests/test_a.py',
      'def test_a():\n    pass\n',
      'if False:\n  def test_a():\n    pass\n',
      'skips a test: `if False:`',
    ],
    ['spec/a_spec.rb', "it 'adds' do\n", "=begin\nit 'adds' do\n=end\n", 'no longer has the test `adds`'],
    ['src/a.rs', '#[cfg(test)]\nfn adds() {\n', '#[cfg(test)]\n#[cfg(any())]\nfn adds() {\n', 'skips a test'],
    ['ATests.cs', 'public void Adds()\n', '#if false\npublic void Adds()\n#endif\n', 'skips a test: `#if false`'],
    ['a_test.go', 'func TestA(t *testing.T) {\n', 'func testA(t *testing.T) {\n', 'no longer has the test `TestA`'],
    ['a_test.go', '\trequire.Equal(t, 3, f())\n', '\trequire.NotNil(t, f())\n', 'asks for less'],
    [
      'src/a.rs',
      '#[cfg(test)]\n#[test]\nfn adds() {\n',
      '#[cfg(test)]\n#[test]\n#[ignore]\nfn adds() {\n',
      'skips a test: `#[ignore]`',
    ],
    ['src/a.rs', '#[test]\nassert_eq!(f(), 3);\n', '#[test]\nassert!(f() > 0);\n', 'asks for less'],
    ['src/test/ATest.java', '@Test\nvoid adds() {\n', '@Disabled\n@Test\nvoid adds() {\n', 'skips a test: `@Disabled`'],
    ['src/test/ATest.java', 'assertEquals(3, f());\n', 'assertNotNull(f());\n', 'asks for less'],
    ['spec/a_spec.rb', "it 'adds' do\n", "xit 'adds' do\n", "skips a test: `xit 'adds' do`"],
    ['spec/a_spec.rb', 'expect(f).to eq(3)\n', 'expect(f).to be_truthy\n', 'asks for less'],
    ['ATests.cs', '[Fact]\npublic void Adds()\n', '[Fact(Skip = "flaky")]\npublic void Adds()\n', 'skips a test'],
    [
      'tests/ATest.php',
      'public function testAdds() {\n',
      'public function adds() {\n',
      'no longer has the test `testAdds`',
    ],
  ])('%s', (path, before, after, said) => {
    const [first, ...more] = change(path, before, after)
    expect(first).toContain(said)
    expect(more).toEqual([])
  })
})

describe('which tests run', () => {
  const packageOf = (more: object) => JSON.stringify({ name: 'sum', dependencies: {}, ...more }, null, 2)
  const scripts = (test: string) => packageOf({ scripts: { build: 'tsc', test } })

  it.each([
    [
      'another script',
      'package.json',
      scripts('node --test'),
      scripts('true'),
      '`package.json:6` changes which tests run, or how: `"test": "true"`.',
    ],
    ['no script any more', 'web/package.json', scripts('node --test'), packageOf({}), 'node --test'],
    [
      'what runs before it',
      'package.json',
      scripts('a'),
      packageOf({ scripts: { test: 'a', pretest: 'rm -r t' } }),
      'rm',
    ],
    ['its runner', 'package.json', packageOf({}), packageOf({ jest: { testMatch: [] } }), '`"jest": {"testMatch":[]}`'],
    ['a package that nothing can read', 'package.json', scripts('a'), '{', 'not JSON'],
    [
      'a runner’s own file',
      'vitest.config.ts',
      'test: {\n}\n',
      'test: {\n  include: [],\n}\n',
      '`vitest.config.ts:2` changes which tests run, or how: `include: [],`.',
    ],
    ['a new one', '.mocharc.yml', undefined, 'spec: none\n', '`.mocharc.yml:1` changes'],
    ['one that goes', 'pytest.ini', '[pytest]\ntestpaths = tests\n', undefined, '`pytest.ini:1` changes'],
    [
      'a part of a shared file',
      'pyproject.toml',
      '[tool.pytest.ini_options]\naddopts = "-q"\n\n[tool.ruff]\n',
      '[tool.pytest.ini_options]\naddopts = "-q --ignore tests"\n\n[tool.ruff]\n',
      '`pyproject.toml:2` changes which tests run, or how: `addopts = "-q --ignore tests"`.',
    ],
    [
      'a target without tests',
      'Cargo.toml',
      '[[test]]\nname = "a"\n',
      '[[test]]\nname = "a"\ntest = false\n',
      'test = false',
    ],
  ])('is named: %s', (_, path, before, after, said) => {
    const [first, ...more] = change(path, before, after)
    expect(first).toContain(said)
    expect(more).toEqual([])
  })

  it.each([
    [
      'a dependency',
      'package.json',
      scripts('a'),
      packageOf({ scripts: { build: 'tsc', test: 'a' }, dependencies: { b: '1' } }),
    ],
    ['the layout', 'package.json', scripts('a'), JSON.stringify(JSON.parse(scripts('a')))],
    ['the first tests of a package', 'package.json', packageOf({}), scripts('node --test')],
    ['a comment', 'vitest.config.ts', 'test: {\n}\n', '// Ours\ntest: {\n}\n'],
    [
      'another part',
      'pyproject.toml',
      '[tool.pytest]\na = 1\n[tool.ruff]\n',
      '[tool.pytest]\na = 1\n[tool.ruff]\nb = 2\n',
    ],
    ['a file that is no runner’s', 'src/vitest.ts', 'a', 'b'],
  ])('is the same for %s', (_, path, before, after) => expect(change(path, before, after)).toEqual([]))
})
