/** Plays the whole story on this machine and reports what came of it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatUsd } from '../core/money.ts'
import { type Books, openBooks } from './books.ts'
import { type Stage, setStage } from './stage.ts'
import { acts, type Pulls } from './story.ts'

export interface DemoOptions {
  /** Stop when the story is told instead of leaving everything up until Ctrl-C. */
  readonly once: boolean
  /** End with one JSON object on standard output. */
  readonly json: boolean
  /** Use the real model. */
  readonly live: boolean
  /** Keep the ledger, the repository and the texts here. */
  readonly dir?: string | undefined
}

/** Progress goes to standard error, so that standard output holds the report alone. */
type Tell = (line: string) => void

/** Plays the demo; answers whether every act held. */
export async function playDemo(options: DemoOptions): Promise<boolean> {
  const tell: Tell = (line) => process.stderr.write(`${line}\n`)
  const started = performance.now()
  tell('Setting the stage: GitHub, a model, the App, the Action and a small repository, all on this machine …')
  const stage = await setStage({ live: options.live, dir: options.dir })
  const interrupted = untilInterrupted()
  try {
    const books = openBooks(stage)
    const story = await Promise.race([tellStory(stage, books, tell), interrupted])
    if (story === undefined) return false
    const report = await books.report()
    const elapsedMs = Math.round(performance.now() - started)
    const ok = story.every((act) => act.ok)
    const texts = options.dir === undefined ? undefined : writeTexts(options.dir, report)
    tell(summary(stage, ok, elapsedMs, report, texts))
    if (options.json) process.stdout.write(`${JSON.stringify({ ok, elapsedMs, story, ...report })}\n`)
    else tell(await issueText(books))
    if (!options.once) {
      tell(`\nEverything stays up until Ctrl-C. GitHub: ${stage.github.url}  App: ${stage.app.url}`)
      await interrupted
    }
    return ok
  } finally {
    await stage.close()
  }
}

async function tellStory(stage: Stage, books: Books, tell: Tell): Promise<{ step: string; ok: boolean }[]> {
  const pulls: Pulls = new Map()
  const story: { step: string; ok: boolean }[] = []
  let today = -1
  for (const act of acts) {
    if (act.day !== today) {
      today = act.day
      await stage.day(today)
      tell(`\nDay ${today + 1}`)
    }
    const started = performance.now()
    await act.play(stage, pulls)
    const ok = await act.holds(books, pulls)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    tell(`  ${ok ? '✓' : '✗'} ${act.step}  (${seconds} s)`)
    story.push({ step: act.step, ok })
  }
  return story
}

function summary(
  stage: Stage,
  ok: boolean,
  elapsedMs: number,
  report: Awaited<ReturnType<Books['report']>>,
  texts: string | undefined,
): string {
  const spent = report.runs.reduce(
    (sum, run) => sum + BigInt('spentMicroUsd' in run ? String(run.spentMicroUsd) : 0),
    0n,
  )
  return [
    '',
    `${ok ? 'All of it held.' : 'Some of it did not hold: see ✗ above.'} ${report.runs.length} runs, ${formatUsd(spent)} in all at the model’s list price, in ${(elapsedMs / 1000).toFixed(1)} s.`,
    'Where to look:',
    texts === undefined
      ? '  texts       run again with --dir FOLDER to keep the comments and issues as Markdown'
      : `  texts       ${texts}`,
    `  repository  git --git-dir ${stage.github.repository.gitDir} log --all --graph --oneline`,
    `  issue       ${stage.github.url}/repos/${stage.owner}/${stage.repo}/issues`,
  ].join('\n')
}

async function issueText(books: Books): Promise<string> {
  const promotions = await books.promotions()
  return promotions.map(({ issue, body }) => `\nPromotion issue #${issue}\n\n${body}`).join('\n')
}

/** The comments and issues as files, for reading at leisure. */
function writeTexts(dir: string, report: Awaited<ReturnType<Books['report']>>): string {
  const folder = join(dir, 'texts')
  mkdirSync(folder, { recursive: true })
  report.comments.forEach((comment, index) => {
    if ('pull' in comment && 'body' in comment) {
      writeFileSync(join(folder, `pull-${comment.pull}-comment-${index + 1}.md`), `${comment.body}\n`)
    }
  })
  for (const promotion of report.promotions) {
    if ('issue' in promotion && 'body' in promotion) {
      writeFileSync(join(folder, `promotion-issue-${promotion.issue}.md`), `${promotion.body}\n`)
    }
  }
  return folder
}

/** Resolves at Ctrl-C or SIGTERM, so that the stage can be closed in order. */
function untilInterrupted(): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = () => resolve(undefined)
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
  })
}
