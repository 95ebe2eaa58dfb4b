/** Every command: what it prints, where, and the exit code. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { keepRun } from '../../cli/run/kept-runs.ts'
import { ownAction } from '../../cli/write/own-action.ts'
import { ACTION_PLACEHOLDER, ACTIONS_WORKFLOW, starterFiles } from '../../cli/write/starter.ts'
import { purserHere } from './here.ts'
import { commitAll, declared, folder, git, LAUNCHER, PORTFOLIOS, purser, workingCopy } from './purser.ts'

describe('purser', () => {
  it('shows its help without an error when asked, and as wrong usage when given nothing', async () => {
    const asked = await purser(['--help'])
    expect(asked).toMatchObject({ code: 0, stderr: '' })
    for (const command of ['init', 'check', 'list', 'new', 'eject', 'quote', 'parse', 'run', 'start', 'thaw', 'demo']) {
      expect(asked.stdout).toContain(`\n  ${command} `)
    }
    expect(await purser([])).toMatchObject({ code: 2, stdout: '' })
  })

  it.each(['init', 'check', 'list', 'new', 'eject', 'quote', 'parse', 'run', 'start', 'thaw', 'demo'])(
    '%s --help shows an example',
    async (command) => {
      const { code, stdout } = await purserHere([command, '--help'])
      expect(code).toBe(0)
      expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ .*purser ${command}`))
      expect(stdout).toContain('--json')
    },
  )

  it('shows the help of one command, of one within another, and says which there is not', async () => {
    const asked = await purserHere(['help', 'new', 'variant'])
    expect(asked).toEqual(await purserHere(['new', 'variant', '--help']))
    expect(await purserHere(['help', 'chek'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "error: unknown command 'chek'\n(Did you mean check?)\n(add --help for an example)\n",
    })
  })

  it('says what is missing, and takes no option for it', async () => {
    const missing = await purserHere(['new', '--json'])
    expect({ ...missing, stdout: JSON.parse(missing.stdout) }).toEqual({
      code: 2,
      stdout: {
        ok: false,
        usage: 'a command is missing after new; expected one of workflow, variant, agent; for example new workflow',
      },
      stderr: '',
    })
    const unsaid = await purserHere(['thaw', 'refactoring', '--reason', '--json'])
    expect(unsaid.code).toBe(2)
    expect(JSON.parse(unsaid.stdout).usage).toContain("argument '--json' is invalid. Expected a text")
  })

  it('suggests the command that was meant', async () => {
    expect(await purser(['chek'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('Did you mean check?'),
    })
  })

  it.each([
    [['check', '--jsn']],
    [['check', '.', '--dir', '.']],
    [['quote']],
    [['help', 'nope']],
    [['new', 'nope']],
    [['thaw', 'refactoring', '--reason', '--dir']],
    [['quote', 'a/b/c']],
    [['quote', 'review', 'focus']],
    [['quote', 'review', 'focus=a', 'focus=b']],
  ])('%j is wrong usage', async (args) => {
    const { code, stdout, stderr } = await purserHere(args, { cwd: folder(declared) })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('error: ')
    const json = await purserHere([...args, '--json'], { cwd: folder(declared) })
    expect(json).toMatchObject({ code: 2, stderr: '' })
    expect(JSON.parse(json.stdout)).toEqual({ ok: false, usage: expect.any(String) })
  })
})

it('says in one document, or one line, what no command expects', async () => {
  const cwd = folder({ file: '' })
  const problem = expect.stringMatching(/file\/demo lies in what is a file \(ENOTDIR\); expected .*; for example /)
  const json = await purserHere(['demo', '--dir', 'file/demo', '--once', '--json'], { cwd })
  expect(json).toMatchObject({ code: 1, stderr: '' })
  expect(JSON.parse(json.stdout)).toEqual({ ok: false, problem })
  const said = await purserHere(['demo', '--dir', 'file/demo', '--once'], { cwd })
  expect(said).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^purser: .*\n$/) })
})

it('names the variable whose address is none', async () => {
  const env = { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: 'nope' }
  const { code, stdout } = await purserHere(['run', 'refactor+tests', 'goal=x', '--json'], {
    cwd: workingCopy(declared),
    env,
  })
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    problem: expect.stringMatching(/^OPENAI_BASE_URL: “nope” is no address of the web; expected .*; for example /),
  })
})

/** Paths of plain files, however deep. */
function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}

describe('what is said where nobody can take it', () => {
  const said = (redirected: string) => {
    const { status, stderr } = spawnSync(
      'bash',
      ['-o', 'pipefail', '-c', `"$0" "$1" list --dir "$2" ${redirected}`, process.execPath, LAUNCHER, folder(declared)],
      { encoding: 'utf8' },
    )
    return { status, stderr }
  }

  it.skipIf(!existsSync('/dev/full'))('is one line on a full disk', () => {
    expect(said('> /dev/full')).toEqual({
      status: 1,
      stderr: 'purser: standard output: ENOSPC: no space left on device, write\n',
    })
  })

  it('is no failure behind a closed pipe', () => {
    expect(said('| true')).toEqual({ status: 0, stderr: '' })
  })
})

describe('purser init', () => {
  it('writes a start that has no problem', async () => {
    const dir = workingCopy()
    const { code, stdout } = await purser(['init', dir, '--action', 'acme/purser@v1'])
    expect(code).toBe(0)
    expect(stdout).toContain('wrote .github/purser/portfolios.yml\n')
    expect(stdout).toContain('Next:\n1. Look at the budgets')
    expect(readFileSync(join(dir, ACTIONS_WORKFLOW), 'utf8')).toContain('uses: acme/purser@v1\n')
    expect(await purser(['check', dir])).toEqual({ code: 0, stdout: 'No problems.\n', stderr: '' })
  })

  it('says first, and at every check, that the placeholder is to be replaced', async () => {
    const dir = workingCopy()
    const { stdout } = await purserHere(['init', '--dir', dir, '--action', ACTION_PLACEHOLDER])
    expect(stdout).toContain(`1. In ${ACTIONS_WORKFLOW} replace ${ACTION_PLACEHOLDER} by`)
    expect(stdout).toContain('owner/purser/delivery@main likewise.')
    const checked = await purserHere(['check', '--dir', dir])
    expect(checked.stdout).toMatch(
      /^\.github\/workflows\/purser\.yml:\d+:15 uses: warning: owner\/purser@main only holds .* uses: acme\/purser@v1\n/,
    )
    expect(checked.stdout).toMatch(/owner\/purser\/delivery@main only holds .* uses: acme\/purser\/delivery@v1\n/)
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringMatching(/\nNo problems, 2 warnings\.\n$/) })
  })

  it.each([
    ['https://github.com/acme/purser.git', 'acme/purser@main'],
    ['git@github.com:acme/purser.git', 'acme/purser@main'],
    ['ssh://git@github.com/acme/my.purser', 'acme/my.purser@main'],
    ['https://git.example.org/acme/purser.git', ACTION_PLACEHOLDER],
  ])('of a Purser cloned from %s uses %s', (remote, action) => {
    const dir = workingCopy({ 'node_modules/purser/package.json': '{}' })
    git(dir, 'remote', 'add', 'origin', remote)
    expect(ownAction(dir)).toBe(action)
    expect(ownAction(join(dir, 'node_modules/purser'))).toBe(ACTION_PLACEHOLDER)
  })

  it('takes nothing else for an Action', async () => {
    const { code, stdout } = await purserHere(['init', workingCopy(), '--action', 'purser', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toEqual({ ok: false, usage: expect.stringContaining('expected OWNER/REPO@REF') })
  })

  it('writes at the top of the working copy, where it is read', async () => {
    const dir = workingCopy({ 'src/deep/file.txt': '' })
    const { stdout } = await purserHere(['init'], { cwd: join(dir, 'src/deep') })
    expect(stdout).toContain(`At the top of the working copy, ${realpathSync(dir)}:\nwrote `)
    expect(existsSync(join(dir, PORTFOLIOS))).toBe(true)
    expect(existsSync(join(dir, 'src/deep/.github'))).toBe(false)
  })

  it('writes into no folder that git does not know', async () => {
    const dir = folder()
    expect(await purserHere(['init', dir])).toMatchObject({ code: 1, stderr: expect.stringContaining('`git init`') })
    expect(existsSync(join(dir, '.github'))).toBe(false)
  })

  it('says of a bare repository that it has no working copy', async () => {
    const dir = folder()
    git(dir, 'init', '--quiet', '--bare')
    expect(await purserHere(['init', dir])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^The repository of .* has no working copy there\.\nName the folder of one; for example /,
      ),
    })
  })

  it('writes an Actions workflow that is dispatched with a run, holds no right to write and uses the environment', () => {
    const actions = parse(starterFiles()[ACTIONS_WORKFLOW] ?? '')
    expect(actions.on).toEqual({
      workflow_dispatch: { inputs: { run: { description: expect.any(String), required: true, type: 'string' } } },
    })
    expect(actions.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
    const { steps, environment } = actions.jobs.run
    expect(environment).toBe('purser')
    expect(steps[0].run).toMatch(/^profile bwrap \/usr\/bin\/bwrap flags=\(unconfined\) \{$/m)
    expect(steps.find(({ name }: { name: string }) => name === 'Run')).toMatchObject({
      uses: 'owner/purser@main',
      with: {
        run: '${{ inputs.run }}',
        'app-url': '${{ vars.PURSER_APP_URL }}',
        'api-key': '${{ secrets.OPENAI_API_KEY }}',
      },
    })
  })

  it('lets a second job deliver where there is no App: it may write, has no key and checks nothing out', () => {
    const { deliver } = parse(starterFiles('acme/purser@v1')[ACTIONS_WORKFLOW] ?? '').jobs
    expect(deliver.if).toContain("vars.PURSER_APP_URL == ''")
    expect(deliver.permissions).toEqual({ contents: 'write', 'pull-requests': 'write', issues: 'write' })
    expect(deliver.environment).toBeUndefined()
    const used = deliver.steps.map(({ uses }: { uses: string }) => uses)
    expect(used).toEqual([
      expect.stringMatching(/^actions\/download-artifact@[0-9a-f]{40}$/),
      'acme/purser/delivery@v1',
    ])
    expect(JSON.stringify(deliver)).not.toContain('secrets.')
  })

  it('keeps what is there, and writes over it only when forced', async () => {
    const dir = workingCopy({ [PORTFOLIOS]: 'mine' })
    const kept = await purserHere(['init', dir, '--json'])
    expect(JSON.parse(kept.stdout)).toMatchObject({ kept: [PORTFOLIOS], written: { length: 2 } })
    expect(readFileSync(join(dir, PORTFOLIOS), 'utf8')).toBe('mine')
    expect((await purserHere(['init', dir])).stdout).toMatch(/^Nothing written: /)
    const forced = await purserHere(['init', dir, '--force', '--json', '--action', ACTION_PLACEHOLDER])
    expect(JSON.parse(forced.stdout)).toMatchObject({ kept: [], written: { length: 3 } })
    expect(readFileSync(join(dir, PORTFOLIOS), 'utf8')).toBe(starterFiles()[PORTFOLIOS])
  })

  it('leaves no half behind where the disk is full, and what was there as it was', () => {
    const dir = workingCopy()
    // No file may grow beyond a block of 1,024 bytes, of which the workflow needs several.
    const full = (...args: string[]) =>
      spawnSync('bash', ['-c', 'ulimit -f 1; "$@"', 'bash', process.execPath, LAUNCHER, 'init', dir, ...args], {
        encoding: 'utf8',
      })
    expect(full()).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^purser: \.github\/\S+ could not be written \(.*\); expected .*; for example /),
    })
    expect(filesIn(join(dir, '.github'))).toEqual([])
    const texts = { [ACTIONS_WORKFLOW]: 'mine', [PORTFOLIOS]: 'mine' }
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true })
      writeFileSync(join(dir, path), text)
    }
    expect(JSON.parse(full('--force', '--json').stdout)).toMatchObject({ ok: false, problem: expect.any(String) })
    expect(filesIn(join(dir, '.github'))).toHaveLength(2)
    for (const path of Object.keys(texts)) expect(readFileSync(join(dir, path), 'utf8')).toBe('mine')
  })

  it('names the folder that is a file, or the file that is a folder, and writes nothing', async () => {
    for (const misplaced of ['.github', '.github/purser', '.github/workflows']) {
      const dir = workingCopy({ [misplaced]: '' })
      expect(await purserHere(['init', dir])).toEqual({
        code: 1,
        stdout: '',
        stderr: `${misplaced} is a file; expected a folder.\nMove it elsewhere; for example: mv ${misplaced} ${misplaced}.old\n(configuration-invalid)\n`,
      })
      expect(git(dir, 'status', '--porcelain')).toBe('')
    }
    const dir = workingCopy({ [`${PORTFOLIOS}/x`]: '' })
    for (const args of [[], ['--force']]) {
      const { code, stdout } = await purserHere(['init', dir, '--json', ...args])
      expect(code).toBe(1)
      expect(JSON.parse(stdout)).toMatchObject({
        refused: true,
        message: `${PORTFOLIOS} is a folder; expected a plain file.`,
      })
    }
    expect(git(dir, 'status', '--porcelain')).toBe('')
  })

  it('writes through no link and into no folder that is not there', async () => {
    const dir = workingCopy()
    const outside = folder()
    symlinkSync(outside, join(dir, '.github'))
    expect(await purserHere(['init', dir])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('a link out'),
    })
    expect(existsSync(join(outside, 'purser'))).toBe(false)
    expect(await purserHere(['init', join(dir, 'nowhere')])).toMatchObject({ code: 1 })
  })
})

describe('purser check', () => {
  const broken = { [PORTFOLIOS]: declared[PORTFOLIOS].replace('review]', 'reveiw]') }
  const line = `${PORTFOLIOS}:8:33 portfolios.refactoring.workflows.1: there is no workflow reveiw; expected one of changelog, fix-ci, incident-triage, postmortem, refactor+tests, review, or catalog/reveiw/workflow.yml; for example review`

  it('prints each problem and how many there are', async () => {
    expect(await purserHere(['check', folder(broken)])).toEqual({
      code: 1,
      stdout: `${line}\n1 problem.\n`,
      stderr: '',
    })
  })

  it('prints one JSON document', async () => {
    const { code, stdout, stderr } = await purserHere(['check', '--json'], { cwd: folder(broken) })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      errors: 1,
      warnings: 0,
      problems: [{ file: PORTFOLIOS, line: 8, column: 33, severity: 'error' }],
    })
  })

  it('says where it could not look at everything yet', async () => {
    const cwd = folder({ [PORTFOLIOS]: broken[PORTFOLIOS].replace('usd: 40', 'usd: forty') })
    const { stdout } = await purserHere(['check'], { cwd })
    expect(stdout).toMatch(/\n1 problem\.\nThere may be more: .*\n$/)
    expect(JSON.parse((await purserHere(['check', '--json'], { cwd })).stdout)).toMatchObject({ partial: true })
  })

  it('keeps a file whose name has a line break on one line', async () => {
    const { stdout } = await purserHere([
      'check',
      folder({ ...declared, '.github/purser/catalog/odd\n::error::.yml': 'x' }),
    ])
    expect(stdout).toMatch(
      /^\.github\/purser\/catalog\/odd\\n::error::\.yml:1:1: warning: .*\nNo problems, 1 warning\.\n$/,
    )
  })

  it('does not fail for a warning', async () => {
    const dir = folder({ ...declared, '.github/purser/catalog/odd.yml': 'x' })
    expect(await purserHere(['check', dir])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/No problems, 1 warning\.\n$/),
    })
  })

  it('warns of a name in between that git’s history shows and a rename omits', async () => {
    const named = (experiment: string) =>
      `${declared[PORTFOLIOS]}experiments:\n  ${experiment}, project: Split it, workflows: [changelog], scope: { paths: ['**'] }, ends: 2099-12-31, budget: { usd: 3 } }\n`
    const dir = workingCopy({ [PORTFOLIOS]: named('a: { metering: flat-rate') })
    writeFileSync(join(dir, PORTFOLIOS), named('b: { was: a'))
    commitAll(dir)
    writeFileSync(join(dir, PORTFOLIOS), named('c: { was: b'))
    const warned = {
      code: 0,
      stdout: `${PORTFOLIOS}:13:13 experiments.c.was: warning: omits a, which it was called since its period began; expected every name that it had in this period, or it may get a second budget; for example was: [b, a]\nNo problems, 1 warning.\n`,
    }
    expect(await purserHere(['check', dir])).toMatchObject(warned)
    commitAll(dir)
    expect(await purserHere(['check', dir]), 'committed, too').toMatchObject(warned)
    writeFileSync(join(dir, PORTFOLIOS), named('c: { was: [b, a]'))
    expect(await purserHere(['check', dir])).toMatchObject({ code: 0, stdout: 'No problems.\n' })
  })

  it('refuses where nothing is declared', async () => {
    const { code, stdout, stderr } = await purserHere(['check', folder()])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('(no-configuration)')
    const json = await purserHere(['check', folder(), '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      problems: [],
      refused: true,
      reason: 'no-configuration',
    })
  })

  it('says what stands where the file should be', async () => {
    const near = await purserHere(['check', folder({ '.github/purser/portfolio.yml': 'version: 1\n' })])
    expect(near).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean portfolios.yml?') })
    const folded = await purserHere(['list', '--dir', folder({ [`${PORTFOLIOS}/x.md`]: '' })])
    expect(folded).toMatchObject({ code: 1, stderr: expect.stringContaining(`${PORTFOLIOS} is a folder.`) })
    const linked = folder({ '.github/purser/README.md': '' })
    symlinkSync(join(folder(declared), PORTFOLIOS), join(linked, PORTFOLIOS))
    const followed = await purserHere(['check', linked])
    expect(followed).toMatchObject({ code: 1, stderr: expect.stringContaining('is a link, which is not followed.') })
  })

  it('names a folder that is a file, which would be overlooked', async () => {
    const { [PORTFOLIOS]: portfolios } = declared
    for (const [misplaced, files] of [
      ['.github', {}],
      ['.github/purser', {}],
      ['.github/purser/catalog', { [PORTFOLIOS]: portfolios }],
      ['.github/purser/catalog/agents', { [PORTFOLIOS]: portfolios }],
    ] as const) {
      const cwd = workingCopy({ ...files, [misplaced]: '' })
      for (const command of [['check'], ['list'], ['new', 'agent', 'z']]) {
        const { code, stdout } = await purserHere([...command, '--json'], { cwd })
        expect(code).toBe(1)
        expect(JSON.parse(stdout)).toMatchObject({
          refused: true,
          reason: 'configuration-invalid',
          message: `${misplaced} is a file; expected a folder.`,
        })
      }
    }
  }, 60_000)

  it('finds the repository from a folder in it', async () => {
    const dir = folder({ ...declared, 'src/deep/file.txt': '' })
    expect(await purserHere(['check'], { cwd: join(dir, 'src/deep') })).toMatchObject({ code: 0 })
  })

  it('reads the organisation’s layer where it is inherited', async () => {
    const inheriting = folder({ [PORTFOLIOS]: 'version: 1\ninherit: organisation\n' })
    expect(await purserHere(['check', inheriting])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('--organisation'),
    })
    const organisation = folder(declared)
    expect(await purserHere(['check', inheriting, '--organisation', organisation])).toMatchObject({ code: 0 })
  })

  it('follows no link out of the repository', async () => {
    const outside = folder({ 'portfolios.yml': 'secret: 1\n' })
    const dir = folder()
    mkdirSync(join(dir, '.github'))
    symlinkSync(outside, join(dir, '.github/purser'))
    const linked = await purserHere(['check', dir])
    expect(linked).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('a link out of the repository'),
    })

    const single = folder(declared)
    symlinkSync(join(outside, 'portfolios.yml'), join(single, '.github/purser/promotion.yml'))
    expect(await purserHere(['check', single])).toEqual({ code: 0, stdout: 'No problems.\n', stderr: '' })
  })

  it('bounds what it reads', async () => {
    const huge = folder({ [PORTFOLIOS]: '#'.repeat(5_000_000) })
    expect((await purserHere(['check', huge])).stdout).toContain(`${PORTFOLIOS}:1:1: longer than 200,000 bytes;`)
    const many = folder({
      ...declared,
      ...Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`.github/purser/catalog/w/p${i}.md`, 'x'])),
    })
    expect(await purserHere(['check', many])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('more than 500 files'),
    })
  })
})

const experiments = `experiments:
  split:
    project: Split the monolith
    workflows: [changelog]
    scope: { paths: [billing/**, "odd\\nname"] }
    ends: 2099-12-31
    budget: { usd: 30 }
    metering: flat-rate
  cleaning: { project: Clean up, workflows: [fix-ci], scope: { paths: [src/**] }, ends: 2026-01-31, budget: { usd: 30 } }
`

describe('purser list', () => {
  it('shows what is paid for, with variants, caps and inputs', async () => {
    const dir = folder(declared)
    const { code, stdout } = await purser(['list', '--dir', dir])
    expect(code).toBe(0)
    expect(stdout).toContain('refactor+tests\n')
    expect(stdout).toContain('Never more than $2.50; paid by refactoring for quality; on pull-request.')
    expect(stdout).toContain('\n  High cost is right here: Deep context pays here.\n')
    expect(stdout).not.toContain('changelog')
    const { workflows } = JSON.parse((await purserHere(['list', '--dir', dir, '--json'])).stdout)
    expect(workflows).toMatchObject([
      {
        name: 'refactor+tests',
        portfolio: 'refactoring',
        capMicroUsd: '2500000',
        highCost: { portfolio: 'refactoring', reason: 'Deep context pays here.', worth: null },
        inputs: [{ name: 'goal', type: 'string', required: false }, { name: 'test' }, { name: 'install' }],
        variants: [
          { name: 'one-pass', capMicroUsd: '1250000' },
          { name: 'tests-first', squad: null },
        ],
      },
      { name: 'review' },
    ])
  })

  it('shows what an experiment pays for, within what and until when, and what it no longer pays for', async () => {
    const portfolios = declared[PORTFOLIOS].replace('Deep context pays here.', 'See deep_context [here].')
    const dir = folder({ ...declared, [PORTFOLIOS]: `${portfolios}${experiments}` })
    const { stdout } = await purserHere(['list', '--dir', dir])
    expect(stdout, 'as it was written').toContain('High cost is right here: See deep_context [here].\n')
    expect(stdout).toContain(
      'paid by the experiment split (Split the monolith) until the end of 2099-12-31, within billing/**, odd\\nname',
    )
    expect(stdout).toContain('paid by nothing, since the experiment cleaning ended on 2026-01-31')
    const { workflows } = JSON.parse((await purserHere(['list', '--dir', dir, '--json'])).stdout)
    expect(workflows).toMatchObject([
      { name: 'changelog', portfolio: null, experiment: { name: 'split', over: false } },
      { name: 'fix-ci', portfolio: null, experiment: { name: 'cleaning', over: true } },
      { name: 'refactor+tests', portfolio: 'refactoring', experiment: null },
      { name: 'review' },
    ])
  })

  it('refuses where nothing, or something wrong, is declared', async () => {
    expect(await purserHere(['list', '--dir', folder()])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('purser init'),
    })
    const wrong = await purserHere(['list', '--dir', folder({ [PORTFOLIOS]: 'version: 2\n' })])
    expect(wrong).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`${PORTFOLIOS}:1:10 version: is 2`),
    })
  })
})

describe('purser quote', () => {
  it('says that there is no history, what the cap is, who pays and what the model costs', async () => {
    const { code, stdout } = await purser(['quote', 'refactor+tests', '--dir', folder(declared)])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^refactor\+tests: No history yet; never more than \$2\.50\.\n/)
    expect(stdout).toContain('Paid by refactoring: Safer, faster refactors (quality). $40.00 a month')
    expect(stdout).toContain('Deep context pays here.\n')
    expect(stdout).toMatch(/gpt-5-mini: \$\d+\.\d\d in, \$\d+\.\d\d out per million tokens \(.*, \d{4}-\d\d-\d\d\)\n$/)
  })

  it('names the experiment that pays, and refuses once it is over', async () => {
    const dir = folder({ ...declared, [PORTFOLIOS]: `${declared[PORTFOLIOS]}${experiments}` })
    const { stdout } = await purserHere(['quote', 'changelog', '--dir', dir])
    expect(stdout).toContain(
      'Paid by the experiment split: Split the monolith. Until the end of 2099-12-31, only within billing/**, odd\\nname. ' +
        '$30.00 in all; what is left of it only the App knows. It is paid for at a flat rate, so these are shadow prices.',
    )
    expect(JSON.parse((await purserHere(['quote', 'changelog', '--dir', dir, '--json'])).stdout)).toMatchObject({
      portfolio: null,
      experiment: { name: 'split', paths: ['billing/**', 'odd\nname'], lastDay: '2099-12-31', metering: 'flat-rate' },
    })
    expect(await purserHere(['quote', 'fix-ci', '--dir', dir])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ended on 2026-01-31'),
    })
  })

  it('rests on the runs that were kept, of the same workflow and variant alone', async () => {
    const dir = folder(declared)
    const spends = [100_000n, 200_000n, 300_000n]
    for (const [index, spend] of spends.entries()) keep(dir, `run${index}`, 'refactor+tests', null, spend)
    keep(dir, 'other', 'review', null, 900_000n)
    for (const reason of ['nothing-to-do', 'paused'] as const) keep(dir, reason, 'refactor+tests', null, 0n, reason)
    keep(dir, 'variant', 'refactor+tests', 'one-pass', 900_000n)
    writeFileSync(join(dir, '.purser/runs/2027-broken.json'), '{')
    const { stdout } = await purserHere(['quote', 'refactor+tests', '--dir', dir, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      runs: 3,
      usualMicroUsd: '200000',
      nineInTenMicroUsd: '300000',
      capMicroUsd: '2500000',
      portfolio: { name: 'refactoring', budgetMicroUsd: '40000000', per: 'month', highCost: 'Deep context pays here.' },
      models: [{ model: 'gpt-5-mini', agents: ['engineer'] }],
    })
  })

  it.each([
    [['refactr'], 'unknown-workflow'],
    [['refactor+tests/test-first'], 'unknown-variant'],
    [['review', 'goal=x'], 'input-invalid'],
    [['review', '--cap', '3x'], 'override-out-of-bounds'],
    [['review', 'cap=3x'], 'override-out-of-bounds'],
    [['review', '--model', 'gpt-5'], 'override-out-of-bounds'],
    [['changelog'], 'no-portfolio'],
  ])('%j is refused: %s', async (args, reason) => {
    const { code, stdout } = await purserHere(['quote', ...args, '--dir', folder(declared), '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ refused: true, reason })
  })
})

function keep(
  dir: string,
  id: string,
  workflow: string,
  variant: string | null,
  spentMicroUsd: bigint,
  reason?: 'nothing-to-do' | 'paused',
): void {
  keepRun(dir, {
    version: 1,
    id,
    endedAt: '2026-11-20T10:00:00.000Z',
    workflow,
    variant,
    capMicroUsd: 2_500_000n,
    report: {
      version: 1,
      conclusion: 'completed',
      ...(reason && { reason }),
      message: 'Done',
      spentMicroUsd,
      inputTokens: 1,
      cachedTokens: 0,
      outputTokens: 1,
      steps: [],
      calls: [],
    },
  })
}
