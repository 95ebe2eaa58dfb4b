/** `purser demo --all`: one story after the other, each with a folder and a report of its own. Short ones, so that it takes little. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { playDemo } from '../../demo/main.ts'
import { storyNames } from '../../demo/names.ts'
import { quarterStory } from '../../demo/quarter/acts.ts'
import type { Story } from '../../demo/story.ts'
import { onDisk } from '../app/database/embedded-beginning.ts'
import { purserHere } from './here.ts'

const dir = mkdtempSync(join(tmpdir(), 'purser-demo-'))
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(dir, { recursive: true, force: true })
})

/** Of one act, in which somebody asks for help, with a ledger that was made before: to make one takes longer than the rest. */
function short(name: Story['name'], holds: boolean): Story {
  return {
    ...quarterStory,
    name,
    files() {
      onDisk(join(dir, name, 'ledger'))
      return quarterStory.files()
    },
    acts: [
      {
        day: 0,
        step: `The ${name} begins`,
        async play(stage) {
          const issue = await stage.github.person('mira').openIssue('What now?')
          await stage.github.person('mira').comment(issue, '/agent help')
          await stage.settled()
        },
        holds: async () => holds,
      },
    ],
  }
}

test('each is told in a folder of its own, and one that does not hold is not hidden by the next', {
  timeout: 120_000,
}, async () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const known = { month: short('month', false), quarter: short('quarter', true) }
  const held = await playDemo({ stories: storyNames, once: true, json: true, live: false, dir }, known)
  const reports = written.mock.calls.map(([text]) => JSON.parse(String(text)))
  vi.restoreAllMocks()
  expect(held).toBe(false)
  expect(reports.map(({ ok, story }) => [ok, story])).toEqual([
    [false, [{ step: 'The month begins', ok: false }]],
    [true, [{ step: 'The quarter begins', ok: true }]],
  ])
  for (const name of storyNames)
    expect(readdirSync(join(dir, name))).toEqual(expect.arrayContaining(['ledger', 'texts']))
})

test('one story and all of them is wrong usage', async () => {
  const { code, stderr } = await purserHere(['demo', '--all', '--story', 'month'], { cwd: tmpdir() })
  expect(code).toBe(2)
  expect(stderr).toContain('--story and --all; expected one of them')
})
