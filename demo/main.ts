/** Plays stories on this machine and reports what came of them. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatUsd } from '../core/money/money.ts'
import { type Books, openBooks, type Report } from './books.ts'
import { prepareFolder } from './folder.ts'
import { month } from './month.ts'
import type { StoryName } from './names.ts'
import { quarterStory } from './quarter/acts.ts'
import { type Stage, setStage } from './stage.ts'
import type { Act, Pulls, Story } from './story.ts'
import { writeTexts } from './texts.ts'

const stories: Readonly<Record<StoryName, Story>> = { month, quarter: quarterStory }

export interface DemoOptions {
  /** One after the other, at least one. */
  readonly stories: readonly StoryName[]
  /** Stop when the story is told instead of leaving everything up until Ctrl-C. */
  readonly once: boolean
  /** One JSON object on standard output for each story. */
  readonly json: boolean
  /** Use the real model, where a story has one. */
  readonly live: boolean
  /** Where the ledger, the repository and the texts are kept. */
  readonly dir?: string | undefined
}

/** Progress goes to standard error, so that standard output holds the report alone. */
type Tell = (line: string) => void

interface Told {
  readonly step: string
  readonly ok: boolean
}

/** Plays the demo; answers whether every act held. `known`: what each story is. */
export async function playDemo(options: DemoOptions, known = stories): Promise<boolean> {
  const tell: Tell = (line) => process.stderr.write(`${line}\n`)
  const problem: Tell = (said) =>
    options.json ? void process.stdout.write(`${JSON.stringify({ ok: false, problem: said })}\n`) : tell(said)
  if (options.live && !process.env.OPENAI_API_KEY) {
    problem('--live: OPENAI_API_KEY is not set; expected the key of the model to use; for example OPENAI_API_KEY=sk-…')
    return false
  }
  const folder = prepareFolder(options.dir)
  if ('problem' in folder) {
    problem(folder.problem)
    return false
  }
  const interrupted = untilInterrupted()
  const [last] = options.stories.slice(-1)
  let ok = true
  for (const name of options.stories) {
    const dir = options.stories.length === 1 ? folder.dir : join(folder.dir, name)
    const staysUp = !options.once && name === last
    const held = await playStory(known[name], dir, { ...options, staysUp, interrupted, tell })
    if (held === undefined) return false
    ok &&= held
  }
  return ok
}

interface Playing {
  readonly json: boolean
  readonly live: boolean
  /** Leave everything up until Ctrl-C. */
  readonly staysUp: boolean
  readonly interrupted: Promise<undefined>
  readonly tell: Tell
}

/** Answers whether every act held; `undefined` when it was interrupted. */
async function playStory(
  story: Story,
  dir: string,
  { json, live, staysUp, interrupted, tell }: Playing,
): Promise<boolean | undefined> {
  const started = performance.now()
  tell('Setting the stage: GitHub, the App and a small repository, all on this machine …')
  tell(story.about)
  mkdirSync(join(dir, 'github'), { recursive: true })
  const stage = await setStage({ live, dir, story })
  try {
    const books = openBooks(stage)
    const told = await Promise.race([tellStory(stage, books, story, live, tell), interrupted])
    if (told === undefined) return undefined
    const report = await books.report()
    const elapsedMs = Math.round(performance.now() - started)
    const ok = told.every((act) => act.ok)
    await writeTexts(stage)
    tell(summary(stage, story, ok, elapsedMs, report))
    if (json) process.stdout.write(`${JSON.stringify({ ok, elapsedMs, story: told, ...report })}\n`)
    if (staysUp) {
      tell(`\nThe App (${stage.app.url}) and GitHub’s API (${stage.github.url}) stay up until Ctrl-C.`)
      await interrupted
    }
    return ok
  } finally {
    await stage.close()
  }
}

async function tellStory(stage: Stage, books: Books, story: Story, live: boolean, tell: Tell): Promise<Told[]> {
  const pulls: Pulls = new Map()
  const told: Told[] = []
  let today = -1
  for (const together of scenes(story.acts)) {
    const [{ day }] = together
    if (day !== today) {
      today = day
      await stage.day(today)
      tell(`\nDay ${today + 1}`)
    }
    const started = performance.now()
    const playing = together.map(async (act) => {
      await act.play(stage, pulls)
      return { act, seconds: ((performance.now() - started) / 1000).toFixed(1) }
    })
    for (const { act, seconds } of await Promise.all(playing)) {
      const held = await act.holds(books, pulls)
      // A real model owes nobody a mistake on cue.
      const isOwed = held || !live || act.scripted !== true
      tell(`  ${held ? '✓' : isOwed ? '✗' : '–'} ${act.step}  (${seconds} s)`)
      if (!held)
        tell(`      ${isOwed ? 'did not come out so' : 'did not come up with this model'}: ${await books.latest()}`)
      for (const line of (await act.tells?.(books, pulls)) ?? []) tell(`      ${line}`)
      told.push({ step: act.step, ok: held || !isOwed })
    }
  }
  return told
}

/** The acts in their order, those together that are played at the same time. */
function scenes(acts: readonly Act[]): [Act, ...Act[]][] {
  const found: [Act, ...Act[]][] = []
  for (const act of acts) {
    const last = found.at(-1)
    if (act.beside && last) last.push(act)
    else found.push([act])
  }
  return found
}

function summary(stage: Stage, story: Story, ok: boolean, elapsedMs: number, report: Report): string {
  const spent = report.runs.reduce((sum, run) => sum + BigInt(run.spentMicroUsd), 0n)
  const texts = join(stage.dir, 'texts')
  const issues = report.promotions.flatMap(({ issue, body }) => [
    '',
    `Issue #${issue}:`,
    `  ${body.split('\n').find((line) => line !== '' && !line.startsWith('<!--')) ?? ''}`,
  ])
  return [
    '',
    `${ok ? 'All of it held.' : 'Some of it did not hold: see ✗ above.'} ${report.runs.length} runs in ${(elapsedMs / 1000).toFixed(1)} s; ${story.costs} ${formatUsd(spent)} in all.`,
    ...issues,
    '',
    'Where to look:',
    `  what was said   ${texts} (start with pull-01.md${report.promotions.map(({ issue }) => ` and issue-${issue}.md`).join('')})`,
    `  what was done   git --git-dir ${stage.github.repository.gitDir} log --all --graph --oneline`,
    `  what it cost    ${join(stage.dir, 'ledger')}, the embedded database; --json prints its accounts and runs`,
  ].join('\n')
}

/** Resolves at Ctrl-C, SIGTERM or a terminal that is closed, so that the stage can be closed in order. */
function untilInterrupted(): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = () => resolve(undefined)
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    process.once('SIGHUP', stop)
  })
}
