import { describe, expect, it } from 'vitest'
import type { ChangedFile, Changeset } from '../../../core/changes/changeset.ts'
import {
  checkGuards,
  checkPlanGuards,
  checkSecrets,
  checkTests,
  testChangesOf,
  toCompare,
  validateChangeset,
} from '../../../core/changes/guard.ts'
import { redactor } from '../../../core/redact.ts'

function file(path: string, content = 'x\n', parts: Partial<ChangedFile> = {}): ChangedFile {
  return {
    path,
    mode: '100644',
    contentBase64: Buffer.from(content).toString('base64'),
    addedLines: 1,
    deletedLines: 0,
    ...parts,
  }
}

function changes(...files: ChangedFile[]): Changeset {
  return { baseSha: 'a'.repeat(40), files }
}

describe('what no workflow can allow', () => {
  it.each([
    ['/etc/passwd', 'not a path below'],
    ['../up.js', '`..`'],
    ['a/../../b', '`..`'],
    ['a//b', 'empty'],
    ['.git/config', '`.git`'],
    ['sub/.GIT/hooks/pre-commit', '`.git`'],
    ['.g\u200Cit/config', '`.git`'],
    ['git~1/config', '`.git`'],
    ['.git /config', '`.git`'],
    ['a\\b', 'backslash'],
    ['C:/x', 'not a path below'],
    ['na\u202Eme.js', 'invisible'],
    ['e\u0301.js', 'composed'],
    ['dir./x', 'dot or a blank'],
    ['new\nline', 'invisible'],
  ])('refuses the path %j', (path, why) => {
    const [violation] = validateChangeset(changes(file(path)))
    expect(violation).toMatchObject({ reason: 'guard-files', file: path })
    expect(violation?.message).toContain(why)
  })

  it.each(['src/sum.js', 'ünï.md', '.gitignore', 'a.git/x', 'with blank.txt', '日本.txt'])(
    'takes the path %j',
    (path) => {
      expect(validateChangeset(changes(file(path)))).toEqual([])
    },
  )

  it.each([
    [`key = "ghp_${'a'.repeat(36)}"`, 'a GitHub token'],
    ['-----BEGIN OPENSSH PRIVATE KEY-----\nabc', 'a private key'],
    ['AKIAIOSFODNN7EXAMPLE', 'an AWS key'],
  ])('refuses content with %j', (content, name) => {
    expect(validateChangeset(changes(file('a.txt', content)))[0]?.message).toContain(name)
  })

  it('refuses text that reads otherwise than it runs, but not the same bytes in what is no text', () => {
    const [violation] = validateChangeset(changes(file('a.js', "if (role !== 'user\u202E') {}\n")))
    expect(violation).toMatchObject({ reason: 'guard-files', rule: 'bidi', file: 'a.js' })
    expect(violation?.message).toContain('U+202E (a bidirectional control)')
    expect(validateChangeset(changes(file('a.bin', 'a\0\u202E')))).toEqual([])
    expect(validateChangeset(changes(file('he.txt', 'שלום\u200F!\n')))).toEqual([])
  })

  it.each([
    ['as it is', 'a.txt', 'key = hunter2secret'],
    ['in base64', 'a.txt', Buffer.from('x: hunter2secret').toString('base64')],
    ['with invisible characters in it', 'a.txt', 'hunter2\u200Bsecret'],
    ['in the path', 'docs/hunter2secret.md', 'x'],
  ])('refuses a secret that this run was given, %s', (_, path, content) => {
    const redact = redactor(['hunter2secret'])
    expect(checkSecrets(changes(file(path, content)), redact)).toMatchObject([{ reason: 'guard-secrets', file: path }])
    expect(checkSecrets(changes(file('b.txt', 'hunter2 keeps no secret <!-- here -->')), redact)).toEqual([])
  })

  it('names the line of a secret and never the secret, and not one that was there before', () => {
    const token = `ghp_${'a1'.repeat(18)}`
    const before = new Map([['a.txt', Buffer.from(`first\nkey = hunter2secret\n${token}\n`).toString('base64')]])
    const work = changes(file('a.txt', `first\nmore\nkey = hunter2secret\n${token}\n`))
    const redact = redactor(['hunter2secret'])
    const found = [...validateChangeset(work), ...checkSecrets(work, redact)]
    expect(found.map(({ reason, message }) => [reason, message])).toEqual([
      ['guard-secrets', '`a.txt:4` contains what looks like a GitHub token.'],
      ['guard-secrets', '`a.txt:3` contains a secret that this run was given.'],
    ])
    expect([...validateChangeset(work, before), ...checkSecrets(work, redact, before)]).toEqual([])
    expect(toCompare(changes(file('a.txt', 'x'), file('b.txt', token), file('c.test.js', '')), redact)).toEqual([
      'b.txt',
      'c.test.js',
    ])
  })

  it('says of a credential that was not given that it looks like one, once, also where no reader sees it', () => {
    const token = `ghp_${'a1'.repeat(18)}`
    const split = `${token.slice(0, 9)}\u200B${token.slice(9)}`
    const redact = redactor(['hunter2secret'])
    const found = (path: string, content: string, before?: string) => {
      const work = changes(file(path, content))
      const old = new Map(before === undefined ? [] : [[path, Buffer.from(before).toString('base64')]])
      return [...validateChangeset(work, old), ...checkSecrets(work, redact, old)].map(({ message }) => message)
    }
    const hidden = '`a.txt:2` contains what looks like a credential, split by what no reader sees.'
    expect(found('a.txt', `x\n${token}`)).toEqual(['`a.txt:2` contains what looks like a GitHub token.'])
    expect(found('a.txt', `x\n${split}`)).toEqual([hidden])
    // One that was there before hides no other.
    expect(found('a.txt', `y ${token}\n${split}`, token)).toEqual([hidden])
    expect(found(`${token}.md`, 'x')).toEqual(['The name of a file contains what looks like a credential.'])
    expect(found('hunter2secret.md', 'x')).toEqual(['The name of a file contains a secret that this run was given.'])
  })

  it('withholds loosened tests only where a workflow says so, its own or a nested one', () => {
    const test = "it('adds', () => {})\n"
    const before = new Map([['sum.test.js', Buffer.from(test).toString('base64')]])
    const found = testChangesOf(changes(file('sum.test.js', `// ${test}`), file('sum.js', '')), before)
    expect(found).toEqual([{ kind: 'removed', path: 'sum.test.js', line: 1, what: 'adds' }])
    const nested = { guards: { tests: 'withhold' as const }, workflow: 'x', inputs: {}, said: {}, capMicroUsd: 1n }
    expect(checkTests({ guards: {} }, found)).toEqual([])
    for (const plan of [{ guards: { tests: 'withhold' as const } }, { guards: {}, nested: { x: nested } }]) {
      expect(checkTests(plan, found)).toMatchObject([{ reason: 'guard-tests', file: 'sum.test.js' }])
    }
  })

  it('holds work against the guards of nested workflows too', () => {
    const nested = { guards: { diff: { files: 1 } }, workflow: 'x', inputs: {}, said: {}, capMicroUsd: 1n }
    const work = changes(file('a.js'), file('b.js'))
    expect(checkPlanGuards({ guards: {} }, work)).toEqual([])
    expect(checkPlanGuards({ guards: { diff: { files: 1 } }, nested: { x: nested } }, work)).toHaveLength(1)
  })

  it('refuses two paths that are one on some systems, but not a rename of letters', () => {
    expect(validateChangeset(changes(file('Read.md'), file('read.md')))[0]?.rule).toBe('collision')
    const gone: ChangedFile = { path: 'Read.md', mode: '100644', addedLines: 0, deletedLines: 1 }
    expect(validateChangeset(changes(gone, file('read.md')))).toEqual([])
    expect(validateChangeset(changes(gone, file('Read.md')))[0]?.rule).toBe('collision')
  })

  it('refuses a file below another', () => {
    const message = '`docs/in/a.md` lies below `Docs`, which is a file.'
    expect(validateChangeset(changes(file('docs/in/a.md'), file('Docs')))).toMatchObject([{ message }])
  })

  it('refuses a file that is too large', () => {
    expect(validateChangeset(changes(file('big.txt', 'x'.repeat(1_000_001))))[0]?.rule).toBe('bytes')
  })
})

describe('the workflow’s own guards', () => {
  it.each([
    ['billing/total.js', {}, true],
    ['src/total.js', {}, false],
    // Both have to allow it.
    ['src/total.js', { allow: ['src/**'] }, false],
    ['billing/total.js', { allow: ['src/**'] }, false],
    ['billing/total.js', { deny: ['**/*.js'] }, false],
    // A scope opens nothing that is protected.
    ['.github/workflows/ci.yml', {}, false],
    ['.github/workflows/ci.yml', { allow: ['.github/**'] }, true],
  ])('keeps to an experiment’s scope: %s under %j', (path, paths, allowed) => {
    const scope = { experiment: 'split', paths: ['billing/**', '.github/**'] }
    expect(checkGuards({ paths, scope }, changes(file(path))).length === 0).toBe(allowed)
  })

  it('names the scope that work left', () => {
    const scope = { experiment: 'split', paths: ['billing/**'] }
    expect(checkGuards({ scope }, changes(file('billing/a.js'), file('src/a.js')))).toEqual([
      {
        reason: 'guard-paths',
        rule: 'scope',
        file: 'src/a.js',
        message: 'The work touches `src/a.js`, which is outside `scope.paths: billing/**` of the experiment `split`.',
      },
    ])
  })

  it.each([
    ['.github/workflows/ci.yml', {}, false],
    ['.GitHub/workflows/ci.yml', {}, false],
    ['.github/workflows/ci.yml', { allow: ['**'] }, false],
    ['.github/workflows/ci.yml', { allow: ['.github/workflows/*.yml'] }, true],
    ['.github/workflows/ci.yml', { allow: ['.github/**'], deny: ['.github/workflows/**'] }, false],
    ['.github/workflows/ci.yml', { allow: ['./**'] }, false],
    ['.github/workflows/ci.yml', { allow: ['./.GitHub/**'] }, true],
    ['.github/workflows/ci.yml', { allow: ['.g*/**', '{.github/x,**}', '!.github', '@(.github)/**'] }, false],
    ['.github/workflows/ci.yml', { allow: ['.github/{workflows,actions}/**'] }, true],
    ['.github/CODEOWNERS', { allow: ['.github/**'] }, false],
    ['.github/CODEOWNERS', { allow: ['.github/CODEOWNERS'] }, true],
    ['.gitmodules', { allow: ['.*'] }, false],
    ['.gitmodules', { allow: ['.gitmodules'] }, true],
    ['docs/CODEOWNERS', { allow: ['docs/**', 'docs/*', '+(docs)/**', '!src/CODEOWNERS'] }, false],
    ['docs/CODEOWNERS', { allow: ['docs/CODEOWNERS'] }, true],
    ['sub/x/action.yml', { allow: ['sub/**', 'sub/x/action.*'] }, false],
    ['sub/x/action.yml', { allow: ['**/action.yml'] }, true],
    ['action.yml', {}, false],
    ['sub/action.yaml', {}, false],
    ['CODEOWNERS', {}, false],
    ['docs/CODEOWNERS', {}, false],
    ['.purser/runs/x.json', {}, false],
    ['src/a.js', { allow: ['src/**'] }, true],
    ['lib/a.js', { allow: ['src/**'] }, false],
    ['src/.hidden', { allow: ['src/**'] }, true],
    ['package-lock.json', { deny: ['**/package-lock.json'] }, false],
    ['donn\u00E9es/x', { deny: ['DONNE\u0301ES/**'] }, false],
    ['donn\u00E9es/x', { allow: ['donne\u0301es/**'] }, true],
    ['Src/A.js', { deny: ['src/[A-C].js'] }, false],
    ['.gitmodule\u017F', {}, false],
    ['docs/CODEOWNER\u017F', {}, false],
  ])('%s under %o: %s', (path, paths, ok) => {
    const violations = checkGuards({ paths }, changes(file(path)))
    expect(violations.length === 0).toBe(ok)
    if (!ok) expect(violations[0]).toMatchObject({ reason: 'guard-paths', file: path })
  })

  it('names the number and the rule of a diff that is too large', () => {
    const work = changes(file('a.js', 'x', { addedLines: 30, deletedLines: 20 }), file('b.js'))
    expect(checkGuards({ diff: { files: 1, lines: 40 } }, work).map((violation) => violation.message)).toEqual([
      'The work changes 2 files; `diff.files` allows 1.',
      'The work changes 51 lines; `diff.lines` allows 40.',
    ])
    expect(checkGuards({ diff: { files: 2, lines: 51 } }, work)).toEqual([])
  })
})
