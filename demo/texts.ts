/** What people and Purser said to each other in the story, as Markdown files for reading at leisure. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stage } from './stage.ts'

const PER_PAGE = 100

interface Said {
  readonly by: string
  readonly at: string
  readonly body: string
}

/** One file for each pull request and issue, and one for each job with its log and summary. Answers the folder. */
export async function writeTexts(stage: Stage): Promise<string> {
  const folder = join(stage.dir, 'texts')
  mkdirSync(folder, { recursive: true })
  const place = { owner: stage.owner, repo: stage.repo, per_page: PER_PAGE }
  const { data: pulls } = await stage.octokit.pulls.list({ ...place, state: 'all' })
  const { data: issues } = await stage.octokit.issues.listForRepo({ ...place, state: 'all' })
  for (const { number, title, body, user } of pulls) {
    const reviews = await stage.octokit.pulls.listReviews({ ...place, pull_number: number })
    const said = [
      ...(await commentsOn(stage, number)),
      ...reviews.data.map((review) => ({
        by: review.user?.login ?? '',
        at: review.submitted_at ?? '',
        body: review.body,
      })),
    ]
    write(folder, 'pull', number, title, user?.login, body, said)
  }
  for (const { number, title, body, user, pull_request } of issues) {
    if (pull_request) continue
    write(folder, 'issue', number, title, user?.login, body ?? null, await commentsOn(stage, number))
  }
  for (const run of stage.github.actions.runs()) {
    const steps = run.jobs.flatMap((job) => job.steps).map((step) => `${step.name}\n${step.log}\n${step.summary}`)
    writeFileSync(join(folder, `job-${run.id}.log`), steps.join('\n'))
  }
  return folder
}

async function commentsOn(stage: Stage, number: number): Promise<Said[]> {
  const { data } = await stage.octokit.issues.listComments({
    owner: stage.owner,
    repo: stage.repo,
    per_page: PER_PAGE,
    issue_number: number,
  })
  return data.map((comment) => ({
    by: comment.user?.login ?? '',
    at: comment.created_at,
    body: comment.body ?? '',
  }))
}

function write(
  folder: string,
  kind: 'pull' | 'issue',
  number: number,
  title: string,
  author: string | undefined,
  body: string | null,
  said: readonly Said[],
): void {
  const talk = said
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .map((one) => `---\n\n_${one.by} wrote:_\n\n${one.body}\n`)
  const head = `# ${title} (#${number})\n\n_opened by ${author ?? 'somebody'}_\n\n${body ?? ''}\n`
  writeFileSync(join(folder, `${kind}-${String(number).padStart(2, '0')}.md`), [head, ...talk].join('\n'))
}
