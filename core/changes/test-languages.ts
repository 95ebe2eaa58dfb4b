/** How common test frameworks write what `test-changes.ts` looks for, a line at a time. A look-behind stands where a run could be entered at every word of it. */

export interface Language {
  readonly extensions: readonly string[]
  /** Of a file that holds tests. */
  readonly path: RegExp
  /** Where tests begin, in a language whose tests stand beside the code. */
  readonly start?: RegExp
  readonly comment: RegExp
  /** How a comment of several lines begins, as the first thing in its line, and what ends it. */
  readonly block: RegExp
  readonly blockEnd: RegExp
  /** With the case's name in the group `name`. */
  readonly cases: readonly RegExp[]
  readonly skip: RegExp
  /** A mark by which only this case is run. */
  readonly alone?: RegExp
  readonly assertion: RegExp
  /** An assertion that names the one right answer. */
  readonly exact: RegExp
  /** One that many answers satisfy. */
  readonly loose: RegExp
  /** One that every answer satisfies. */
  readonly vacuous: RegExp
}

const SLASHES = /^(\/\/|\/\*|\*)/
const STARS = { block: /^\/\*/, blockEnd: /\*\// }
const TEST_FOLDER = '(^|/)(tests?|__tests__|specs?|e2e)/'

const languages: readonly Language[] = [
  {
    extensions: ['js', 'jsx', 'ts', 'tsx', 'mjs', 'cjs', 'mts', 'cts'],
    path: new RegExp(`${TEST_FOLDER}|[._-](test|spec)\\.[a-z]+$`, 'i'),
    comment: SLASHES,
    ...STARS,
    cases: [
      /^(?:[a-z]+ )?(?:t\.)?(?:x|f)?(?:it|test|specify)(?:\.\w+)*(?:\([^'"`]*\))?\(\s*(?<quote>['"`])(?<name>.*?)\k<quote>/,
      /^\]\s*\)\(\s*(?<quote>['"`])(?<name>.*?)\k<quote>/,
    ],
    skip: /\b(?:it|test|describe|suite|context|specify)\.(?:skip|skipIf|todo|fixme|failing)\b|\bx(?:it|test|describe|context)\s*\(|\b(?:this|t|ctx|context)\.(?:skip|todo)\(|\b(?:skip|todo):\s*(?:true|['"`])|^if \((?:false|0)\)|^process\.exit\(0?\)/,
    alone: /\b(?:it|test|describe|suite|context|specify)\.only\b|\bf(?:it|describe)\s*\(|\bonly:\s*true/,
    assertion: /(?<=\b(?:expect|assert)(?:\.\w+)*)\(|\bt\.(?:is|deepEqual|true|like|throws|ok|equal|same)\(|\.should\b/,
    exact:
      /\.(?:toBe|toEqual|toStrictEqual|toHaveLength|toHaveBeenCalledWith|toHaveBeenCalledTimes|toMatchInlineSnapshot|strictEqual|deepStrictEqual|deepEqual|equal|equals|eql|is)\(|===/,
    loose:
      /\.(?:toBeTruthy|toBeDefined|toBeFalsy|toMatchObject|toContain|toBeGreaterThan\w*|toBeLessThan\w*|toBeCloseTo|toBeInstanceOf|toHaveBeenCalled|toHaveProperty|toThrow|resolves|ok|exist|true|match|notEqual|notStrictEqual)\b|\.not\.|\bassert\(|expect\.(?:any|anything|objectContaining|stringContaining)/,
    vacuous:
      /\b(?:expect|assert(?:\.ok)?)\(\s*(?:true|1)\s*[,)](?!\.toBe\(false|\.not)|\.strictEqual\(true, true|expect\.anything\(\)/,
  },
  {
    extensions: ['py'],
    path: new RegExp(`${TEST_FOLDER}|(^|/)(test_[^/]*|[^/]*_test|tests?|conftest)\\.py$`),
    comment: /^#/,
    block: /^(?:"""|''')/,
    blockEnd: /"""|'''/,
    cases: [/^(?:[a-z]+ )?def (?<name>test\w*)\s*\(/],
    skip: /@(?:pytest\.mark|unittest)\.(?:skip\w*|xfail|expectedFailure)|\bpytest\.(?:skip|xfail|importorskip)\(|\.skipTest\(|^if (?:False|0):|^(?:sys\.exit|os\._exit)\(0?\)|^__test__\s*=|^collect_ignore/,
    assertion: /^assert\b|\bself\.assert\w+\(|\bpytest\.raises\(/,
    exact: /==|\bis\b(?! not)|assert(?:Equal|Is|ListEqual|DictEqual|SetEqual|TupleEqual|CountEqual|Raises)\(/,
    loose:
      /^assert\b|assert(?:True|False|IsNotNone|In|NotIn|AlmostEqual|IsInstance|NotEqual|Regex)\(|(?<=assert(?:Greater|Less)\w*)\(|pytest\.raises\(Exception\)/,
    vacuous: /^assert (?:True|1)\s*(?:$|,|#)|assertTrue\(True\)/,
  },
  {
    extensions: ['go'],
    path: /_test\.go$/,
    comment: SLASHES,
    ...STARS,
    cases: [/^func (?<name>(?:Test|Fuzz|Example)\w*)\s*\(/, /\bt\.Run\(\s*"(?<name>[^"]*)"/],
    skip: /\b[tb]\.Skip(?:f|Now)?\(|^\/\/go:build ignore|^if false\b|^os\.Exit\(0\)/,
    assertion: /\bt\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\(|\b(?:assert|require)\.\w+\(|^if .*(?:!=|==)/,
    exact: /\.(?:Equal|Exactly|EqualValues|JSONEq|ErrorIs|Len)\(|!=|==/,
    loose: /\.(?:NotNil|True|False|NoError|NotEmpty|Contains|Error|Greater\w*|InDelta|IsType|NotEqual)\(/,
    vacuous: /\.True\(t, true\)|\.Equal\(t, true, true\)/,
  },
  {
    extensions: ['rs'],
    path: /./,
    start: /^#\[(?:cfg\(test\)|test|tokio::test)/,
    comment: SLASHES,
    ...STARS,
    cases: [/^(?:[a-z]+ )*fn (?<name>\w+)\s*\(\s*\)/],
    skip: /^#\[ignore|^#\[should_panic\]|^#!?\[cfg\((?:any\(\)|FALSE|false)/,
    assertion: /\bassert\w*!\(/,
    exact: /\bassert_eq!\(|==/,
    loose: /\bassert!\(|\bassert_ne!\(/,
    vacuous: /\bassert!\(\s*true\b/,
  },
  {
    extensions: ['java', 'kt', 'scala', 'groovy'],
    path: new RegExp(`${TEST_FOLDER}|(Test|Tests|IT|Spec)\\.[a-z]+$`),
    comment: SLASHES,
    ...STARS,
    cases: [/^(?:(?:public|private|protected|internal|final|override) )*(?:void|fun) (?<name>`[^`]+`|\w+)\s*\(\s*\)/],
    skip: /^@(?:Disabled|Ignore|Ignored|DisabledIf\w*|EnabledIf\w*)\b|^if \(false\)|^System\.exit\(0\)/,
    assertion: /\bassert\w*\(|\bverify\(|\.should\w*\b/,
    exact:
      /\bassert(?:Equals|Same|ArrayEquals|IterableEquals|Throws)\(|\.(?:isEqualTo|isSameAs|containsExactly|hasSize)\(|==/,
    loose:
      /\bassert(?:True|False|NotNull|DoesNotThrow|NotEquals)\(|\.(?:isNotNull|isNotEmpty|contains|isInstanceOf|isTrue|isGreaterThan)\(/,
    vacuous: /\bassertTrue\(\s*true\s*\)|\bassertThat\(\s*true\s*\)/,
  },
  {
    extensions: ['rb'],
    path: new RegExp(`${TEST_FOLDER}|(_test|_spec)\\.rb$|(^|/)test_[^/]*\\.rb$`),
    comment: /^#/,
    block: /^=begin\b/,
    blockEnd: /^=end\b/,
    cases: [
      /^[xf]?(?:it|specify|scenario|test)\s*(?:\(\s*)?(?<quote>['"])(?<name>.*?)\k<quote>/,
      /^def (?<name>test_\w+)/,
    ],
    skip: /^x(?:it|describe|context|specify|scenario)\b|^skip\b|^pending\b|,\s*(?:skip|pending):\s*(?:true|['"])|^(?:if false|unless true)\b|^exit\b|^__END__$/,
    alone: /^f(?:it|describe|context)\b|,\s*focus:\s*true|,\s*:focus\b/,
    assertion: /\bexpect\b|^(?:assert|refute)\w*\b|\.must_\w+/,
    exact: /\b(?:eq|eql|equal|contain_exactly|match_array)\b|^assert_(?:equal|same|nil|raises)\b|==/,
    loose: /\b(?:be_truthy|be_present|be_a|include|be_nil|not_to)\b|^assert(?:_not_nil|_includes|_match|_kind_of)?\b/,
    vacuous: /^assert\s*(?:\(\s*)?true\b|expect\(true\)/,
  },
  {
    extensions: ['cs'],
    path: new RegExp(`${TEST_FOLDER}|Tests?\\.cs$`, 'i'),
    comment: SLASHES,
    ...STARS,
    cases: [/^public (?:[a-z]+ )?(?:void|Task) (?<name>\w+)\s*\(/],
    skip: /\[(?:Fact|Theory)\([^)]*Skip\s*=|^\[Ignore|^\[Explicit|^#if false|^if \(false\)|^Environment\.Exit\(0\)/,
    assertion: /\bAssert\.\w+\(|\.Should\(\)/,
    exact: /\bAssert\.(?:Equal|AreEqual|Same|AreSame|Throws\w*)\b|\.(?:Be|BeEquivalentTo|Equal|HaveCount)\(/,
    loose: /\bAssert\.(?:True|IsTrue|NotNull|IsNotNull|Contains|NotEmpty|NotEqual)\b|\.(?:NotBeNull|BeTrue|Contain)\(/,
    vacuous: /\bAssert\.(?:True|IsTrue)\(\s*true\b/,
  },
  {
    extensions: ['php'],
    path: new RegExp(`${TEST_FOLDER}|Test\\.php$`, 'i'),
    comment: /^(\/\/|\/\*|\*|#(?!\[))/,
    ...STARS,
    cases: [/^(?:public )?function (?<name>test\w*)\s*\(/, /^(?:it|test)\(\s*(?<quote>['"])(?<name>.*?)\k<quote>/],
    skip: /->markTest(?:Skipped|Incomplete)\(|->skip\(|->todo\(|^if \(false\)|^(?:exit|die|__halt_compiler)\b\s*(?:\(0?\))?;/,
    alone: /->only\(/,
    assertion: /(?:->|::)assert\w+\(|\bexpect\(/,
    exact: /assert(?:Same|Equals|Count|JsonStringEqualsJsonString)\(|->(?:toBe|toEqual)\(/,
    loose: /assert(?:True|NotNull|NotEmpty|Contains|InstanceOf|NotSame)\(|->(?:toBeTruthy|toContain|not)\b/,
    vacuous: /assertTrue\(\s*true\s*\)|expect\(true\)/,
  },
]

/** `undefined` for a file that holds no tests as far as its name tells. */
export function languageOf(path: string): Language | undefined {
  const extension = path.slice(path.lastIndexOf('.') + 1)
  return languages.find((language) => language.extensions.includes(extension) && language.path.test(path))
}
