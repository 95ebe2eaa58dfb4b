/** `purser new`: what it writes passes `purser check` and runs as it is. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { declaredConfiguration, readCheckout } from '../../../cli/checkout.ts'
import { starterPortfolios } from '../../../cli/write/starter.ts'
import { isRefusal } from '../../../core/reason.ts'
import { play, testsPass, till } from '../../catalog/play.ts'
import { call, MENDED } from '../../catalog/recorded/turns.ts'
import { conversation } from '../../world/model-script.ts'
import { purserHere } from '../here.ts'
import { commitAll, declared, folder, git, PORTFOLIOS, purser, workingCopy } from '../purser.ts'

const CATALOG = '.github/purser/catalog'

/** What a command wrote, with the same command's `--json`. */
async function made(root: string, ...args: string[]) {
  const { code, stdout, stderr } = await purserHere(['new', ...args, '--dir', root, '--json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const said: { written: string[]; kept: string[]; next: string[] } = JSON.parse(stdout)
  return said
}

async function expectNoProblem(root: string): Promise<void> {
  expect(await purserHere(['check', root])).toEqual({ code: 0, stdout: 'No problems.\n', stderr: '' })
}

describe('purser new workflow', () => {
  it('writes one that has no problem and mends code under its cap', async () => {
    const root = till('broken')
    const { written } = await made(root, 'workflow', 'tidy-errors', '--portfolio', 'checks')
    expect(written).toEqual([`${CATALOG}/tidy-errors/workflow.yml`, `${CATALOG}/tidy-errors/work.md`, PORTFOLIOS])
    await expectNoProblem(root)
    expect(await testsPass(root)).toBe(false)
    const script = conversation('Goal: Make the tests pass', [
      { toolCalls: [call('write', MENDED)] },
      { text: 'Deal out the cents that are left' },
    ])
    const played = await play(root, 'tidy-errors', [], [script])
    expect(played).toMatchObject({ code: 0, report: { conclusion: 'completed' } })
    expect(played.report.spentMicroUsd).toBeLessThan(played.declared.cap.usd)
    expect(await testsPass(root)).toBe(true)
  })

  it('changes one line of portfolios.yml, and takes the only portfolio unasked', async () => {
    const root = workingCopy({ [PORTFOLIOS]: starterPortfolios('acme/purser@v1') })
    git(root, 'add', '--all')
    await made(root, 'workflow', 'tidy-errors', '--portfolio', 'refactoring')
    expect(git(root, 'diff', '--numstat')).toBe(`1\t1\t${PORTFOLIOS}\n`)
    const [schema] = readFileSync(join(root, CATALOG, 'tidy-errors/workflow.yml'), 'utf8').split('\n')
    expect(schema).toContain('acme/purser/v1/schemas/workflow.schema.json')
    const single = workingCopy(declared)
    expect(await purser(['new', 'workflow', 'tidy-errors'], { cwd: single })).toMatchObject({ code: 0, stderr: '' })
    await expectNoProblem(single)
  })

  it.each([
    [
      ['tidy'],
      'no-portfolio',
      'Say which portfolio is to pay for it. There are `refactoring`, `writing`, `checks`, `incidents`.',
    ],
    [['tidy', '--portfolio', 'refactring'], 'no-portfolio', 'Did you mean `refactoring`?'],
    [['review', '--portfolio', 'writing'], 'already-there', 'There is a workflow `review` already, in purser/catalog'],
    [['quote', '--portfolio', 'writing'], 'configuration-invalid', '`/agent quote` means something else'],
    [['tidy', '--portfolio', 'writing', '--agent', 'enginer'], 'input-invalid', 'Did you mean `engineer`?'],
  ])('%j is refused as %s, and nothing is written', async (args, reason, says) => {
    const root = workingCopy({ [PORTFOLIOS]: starterPortfolios() })
    const { code, stderr } = await purserHere(['new', 'workflow', ...args], { cwd: root })
    expect(code).toBe(1)
    expect(stderr).toContain(says)
    expect(stderr).toContain(`(${reason})`)
    expect(readdirSync(join(root, '.github/purser'))).toEqual(['portfolios.yml'])
    expect(readFileSync(join(root, PORTFOLIOS), 'utf8')).toBe(starterPortfolios())
  })

  it.each([
    [['workflow', 'Tidy Errors'], 'lower-case letters'],
    [['variant', 'tidy'], 'expected <workflow>/<name>'],
    [['variant', 'review/a/b'], 'expected <workflow>/<name>'],
    [['agent', '../evil'], 'lower-case letters'],
    [['agents', 'x'], 'unknown command'],
  ])('%j is wrong usage', async (args, says) => {
    const { code, stderr } = await purserHere(['new', ...args], { cwd: workingCopy(declared) })
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) })
  })

  it('says what to do where nothing is declared', async () => {
    const { code, stderr } = await purserHere(['new', 'workflow', 'tidy'], { cwd: folder() })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('purser init') })
  })
})

describe('what is offered behind a comment sign', () => {
  const skill = '---\nname: release-notes\ndescription: How release notes are written\n---\nShort.\n'

  it('is valid when the sign is taken off, line by line', async () => {
    const root = workingCopy({ ...declared, [`${CATALOG}/skills/release-notes/SKILL.md`]: skill })
    const written = [
      ...(await made(root, 'agent', 'migrator')).written,
      ...(await made(root, 'workflow', 'migrate', '--agent', 'migrator')).written,
      ...(await made(root, 'variant', 'migrate/small')).written,
    ]
    const texts = new Map(written.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
    let offered = 0
    for (const [path, text] of texts) {
      for (const line of text.split('\n').filter((one) => /^ *# [-a-z]+:? ?[{[a-z]/.test(one) && /: /.test(one))) {
        if (line.startsWith('# yaml-language-server') || line.startsWith('# Laid over')) continue
        offered += 1
        writeFileSync(join(root, path), text.replace(line, line.replace('# ', '')))
        const checkout = readCheckout(root)
        const configuration = isRefusal(checkout) ? checkout : declaredConfiguration(checkout)
        expect({ line, problem: isRefusal(configuration) ? configuration.message : '' }).toEqual({ line, problem: '' })
        writeFileSync(join(root, path), text)
      }
    }
    expect(offered).toBe(20)
  })
})

describe('purser new variant', () => {
  it('writes one with a copy of the prompt that it changes', async () => {
    const root = workingCopy(declared)
    const { written } = await made(root, 'variant', 'refactor+tests/small-steps')
    expect(written).toEqual([
      `${CATALOG}/refactor+tests/variants/small-steps.yml`,
      `${CATALOG}/refactor+tests/small-steps.md`,
    ])
    const copied = readFileSync(join(root, `${CATALOG}/refactor+tests/small-steps.md`), 'utf8')
    expect(copied).toContain('Refactor the code that this change touches.')
    await expectNoProblem(root)
    commitAll(root)
    const { stdout } = await purserHere(['run', 'refactor+tests/small-steps', '--dry-run'], { cwd: root })
    expect(stdout).toContain('Refactor the code that this change touches.')
  })

  it.each([
    ['refactor+tests/tests-first', [], 'has a variant `tests-first` already'],
    ['refactr+tests/x', [], 'Did you mean `refactor+tests`?'],
    ['review/x', ['--squad', 'payments'], 'There is no squad yet'],
  ])('%s %j is refused', async (target, more, says) => {
    const root = workingCopy(declared)
    const { code, stderr } = await purserHere(['new', 'variant', target, ...more], { cwd: root })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(says) })
    expect(existsSync(join(root, CATALOG))).toBe(false)
  })

  it('never writes over a file, nor through a link', async () => {
    const root = workingCopy({ ...declared, [`${CATALOG}/review/mine.md`]: 'Mine.\n' })
    expect(await purserHere(['new', 'variant', 'review/mine'], { cwd: root })).toMatchObject({ code: 1 })
    expect(readFileSync(join(root, `${CATALOG}/review/mine.md`), 'utf8')).toBe('Mine.\n')
    expect(existsSync(join(root, `${CATALOG}/review/variants`))).toBe(false)

    const linked = workingCopy(declared)
    const elsewhere = folder()
    mkdirSync(join(linked, CATALOG), { recursive: true })
    symlinkSync(elsewhere, join(linked, CATALOG, 'review'))
    expect(await purserHere(['new', 'variant', 'review/mine'], { cwd: linked })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('a link out of the repository'),
    })
    expect(readdirSync(elsewhere)).toEqual([])
  })
})

describe('purser new agent', () => {
  it('writes one that a new workflow can name and a run uses', async () => {
    const root = till('broken')
    expect((await made(root, 'agent', 'migrator')).written).toEqual([`${CATALOG}/agents/migrator.agent.md`])
    await made(root, 'workflow', 'migrate', '--portfolio', 'checks', '--agent', 'migrator')
    await expectNoProblem(root)
    const script = conversation('Goal:', [{ toolCalls: [call('write', MENDED)] }, { text: 'Done' }])
    const { requests, report } = await play(root, 'migrate', [], [script])
    expect(report.conclusion).toBe('completed')
    expect(JSON.stringify(requests[0]?.messages[0])).toContain('Say here how it works')
  })

  it('replaces no agent that is there', async () => {
    const root = workingCopy(declared)
    const { code, stderr } = await purserHere(['new', 'agent', 'engineer'], { cwd: root })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('`engineer` already, built in') })
  })
})
