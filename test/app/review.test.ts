import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Finding, Review } from '../../core/changes/review.ts'
import { OWNER, REPO, type Stage, setStage } from './stage.ts'

let stage: Stage
const repository = { owner: OWNER, repo: REPO }

beforeAll(async () => {
  stage = await setStage()
})
afterAll(async () => {
  await stage.close()
})

const onLine: Finding = {
  path: 'src/total.js',
  line: 2,
  severity: 'high',
  text: 'Ask @mira.\n```js',
  suggestion: "  return '@all'",
}
const elsewhere: Finding = { ...onLine, path: 'README.md', line: 9, severity: 'low', text: 'Says otherwise.' }
const review: Review = { summary: 'Not safe to merge.', findings: [onLine, elsewhere], left: 0 }
const delivery = { title: 'Not safe to merge.', body: 'Not safe to merge, in words.', review }

async function started() {
  const pull = await stage.openPull({ 'src/total.js': 'export function total() {\n  return 1\n}\n' })
  await stage.say('dev', pull.number, '/agent review')
  return { pull, runner: await stage.runnerOf(await stage.runOn(pull.number)) }
}

async function reviewsOf(number: number) {
  const subject = { ...repository, pull_number: number }
  const { data: reviews } = await stage.octokit.pulls.listReviews(subject)
  const { data: comments } = await stage.octokit.pulls.listReviewComments(subject)
  return { reviews, comments }
}

describe('a review with findings', () => {
  test('stands on the lines that the pull request shows, and the rest in its text; it decides nothing', async () => {
    const { pull, runner } = await started()
    const lines = { ...onLine, line: 1, endLine: 3, text: 'All of it.' }
    const findings = [onLine, lines, elsewhere]
    await runner.finish({ delivery: { ...delivery, review: { ...review, findings } } })
    const { reviews, comments } = await reviewsOf(pull.number)
    expect(reviews).toMatchObject([{ state: 'COMMENTED', commit_id: pull.head }])
    expect(comments).toMatchObject([
      { path: 'src/total.js', line: 2, side: 'RIGHT', commit_id: pull.head, pull_request_review_id: reviews[0]?.id },
      { path: 'src/total.js', start_line: 1, line: 3, start_side: 'RIGHT' },
    ])
    expect(comments[0]?.body).toBe("**High.** Ask @\u200bmira.\n``js\n\n```suggestion\n  return '@all'\n```")
    expect(reviews[0]?.body).toMatch(
      /^<!--.*-->\n\nNot safe to merge\.\n\n- `README\.md:9` \*\*Low\.\*\* Says otherwise\./,
    )
    expect(reviews[0]?.body).not.toContain('All of it.')
  })

  test('is submitted once, also when GitHub’s answer is lost', async () => {
    const { pull, runner } = await started()
    stage.github.fail({ method: 'POST', path: /\/reviews$/, status: 502, afterActing: true })
    expect((await runner.finish({ delivery })).status).toBe(503)
    expect(await runner.finish({ delivery })).toMatchObject({ json: { conclusion: 'completed' } })
    const { reviews, comments } = await reviewsOf(pull.number)
    expect([reviews.length, comments.length]).toEqual([1, 1])
  })

  test('has all of them in its text where GitHub refuses the comments', async () => {
    const { pull, runner } = await started()
    stage.github.fail({ method: 'POST', path: /\/reviews$/, status: 422 })
    expect(await runner.finish({ delivery })).toMatchObject({ json: { conclusion: 'completed' } })
    const { reviews, comments } = await reviewsOf(pull.number)
    expect(comments).toEqual([])
    expect(reviews).toMatchObject([{ commit_id: pull.head }])
    for (const place of ['- `src/total.js:2` **High.**', '- `README.md:9`']) expect(reviews[0]?.body).toContain(place)
    expect(reviews[0]?.body).not.toContain('```suggestion')
  })

  test('stays on the commit that it is about when the head moves on', async () => {
    const { pull, runner } = await started()
    await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/total.js': '// Empty.\n' } })
    await runner.finish({ delivery })
    const { reviews, comments } = await reviewsOf(pull.number)
    expect(reviews).toMatchObject([{ commit_id: pull.head }])
    expect(comments).toMatchObject([{ line: 2, commit_id: pull.head }])
  })

  test('says which commit it is about when that was pushed away', async () => {
    const { pull, runner } = await started()
    const { data } = await stage.octokit.git.getRef({ ...repository, ref: 'heads/main' })
    const { data: base } = await stage.octokit.git.getCommit({ ...repository, commit_sha: data.object.sha })
    const parents = [data.object.sha]
    const { data: other } = await stage.octokit.git.createCommit({
      ...repository,
      message: 'Anew',
      tree: base.tree.sha,
      parents,
    })
    await stage.octokit.git.updateRef({ ...repository, ref: `heads/${pull.branch}`, sha: other.sha, force: true })
    await stage.settled()
    await runner.finish({ delivery })
    const { reviews, comments } = await reviewsOf(pull.number)
    expect(comments).toEqual([])
    expect(reviews).toMatchObject([{ state: 'COMMENTED', commit_id: other.sha }])
    expect(reviews[0]?.body).toContain(`\`${pull.head.slice(0, 12)}\`, which is no longer in the pull request`)
    expect(reviews[0]?.body).toContain('- `src/total.js:2`')
  })
})

test('a review that is none of its form is said in its words, and its run has failed', async () => {
  const { pull, runner } = await started()
  const failed = { conclusion: 'failed', reason: 'output-invalid', message: 'It does not fit.' } as const
  expect(await runner.finish({ ...failed, delivery: { title: 'Safe', body: 'Safe, I think.' } })).toMatchObject({
    json: { conclusion: 'failed', reason: 'output-invalid' },
  })
  const { reviews } = await reviewsOf(pull.number)
  expect(reviews.map(({ body }) => body?.includes('Safe, I think.'))).toEqual([true])
})
