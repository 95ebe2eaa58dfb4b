/** Plays the whole story on this machine and reports what came of it. */
import { join } from 'node:path'
import { formatUsd } from '../core/money.ts'
import { type Books, openBooks, type Report } from './books.ts'
import { prepareFolder } from './folder.ts'
import { type Stage, setStage } from './stage.ts'
import { type Act, acts, type Pulls } from './story.ts'
import { writeTexts } from './texts.ts'

export interface DemoOptions {
  /** Stop when the story is told instead of leaving everything up until Ctrl-C. */
  readonly once: boolean
  /** End with one JSON object on standard output. */
  readonly json: boolean
  /** Use the real model. */
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

/** Plays the demo; answers whether every act held. */
export async function playDemo(options: DemoOptions): Promise<boolean> {
  const tell: Tell = (line) => process.stderr.write(`${line}\n`)
  if (options.live && !process.env.OPENAI_API_KEY) {
    tell('--live: OPENAI_API_KEY is not set; expected the key of the model to use; for example OPENAI_API_KEY=sk-…')
    return false
  }
  const folder = prepareFolder(options.dir)
  if ('problem' in folder) {
    tell(folder.problem)
    return false
  }
  const started = performance.now()
  tell('Setting the stage: GitHub, a model, the App, the Action and a small repository, all on this machine …')
  const stage = await setStage({ live: options.live, dir: folder.dir })
  const interrupted = untilInterrupted()
  try {
    const books = openBooks(stage)
    const story = await Promise.race([tellStory(stage, books, options.live, tell), interrupted])
    if (story === undefined) return false
    const report = await books.report()
    const elapsedMs = Math.round(performance.now() - started)
    const ok = story.every((act) => act.ok)
    await writeTexts(stage)
    tell(summary(stage, ok, elapsedMs, report))
    if (options.json) process.stdout.write(`${JSON.stringify({ ok, elapsedMs, story, ...report })}\n`)
    if (!options.once) {
      tell(`\nThe App (${stage.app.url}) and GitHub’s API (${stage.github.url}) stay up until Ctrl-C.`)
      await interrupted
    }
    return ok
  } finally {
    await stage.close()
  }
}

async function tellStory(stage: Stage, books: Books, live: boolean, tell: Tell): Promise<Told[]> {
  const pulls: Pulls = new Map()
  const story: Told[] = []
  let today = -1
  for (const together of scenes(acts)) {
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
      story.push({ step: act.step, ok: held || !isOwed })
    }
  }
  return story
}

/** The acts in their order, those together that are played at the same time. */
function scenes(story: readonly Act[]): [Act, ...Act[]][] {
  const found: [Act, ...Act[]][] = []
  for (const act of story) {
    const last = found.at(-1)
    if (act.beside && last) last.push(act)
    else found.push([act])
  }
  return found
}

function summary(stage: Stage, ok: boolean, elapsedMs: number, report: Report): string {
  const spent = report.runs.reduce((sum, run) => sum + BigInt(run.spentMicroUsd), 0n)
  const texts = join(stage.dir, 'texts')
  const issues = report.promotions.flatMap(({ issue, body }) => [
    '',
    `Issue #${issue}:`,
    `  ${body.split('\n').find((line) => line !== '' && !line.startsWith('<!--')) ?? ''}`,
  ])
  return [
    '',
    `${ok ? 'All of it held.' : 'Some of it did not hold: see ✗ above.'} ${report.runs.length} runs in ${(elapsedMs / 1000).toFixed(1)} s; at the model’s list price they cost ${formatUsd(spent)} in all.`,
    ...issues,
    '',
    'Where to look:',
    `  what was said   ${texts} (start with pull-01.md${report.promotions.map(({ issue }) => ` and issue-${issue}.md`).join('')})`,
    `  what was done   git --git-dir ${stage.github.repository.gitDir} log --all --graph --oneline`,
    `  what it cost    ${join(stage.dir, 'ledger')}, the embedded database; --json prints its accounts and runs`,
  ].join('\n')
}

/** Resolves at Ctrl-C or SIGTERM, so that the stage can be closed in order. */
function untilInterrupted(): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = () => resolve(undefined)
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
  })
}
