/** No text names a person, and none that somebody declared can call one. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseComment } from '../../../core/command/command.ts'
import { suggestCap } from '../../../core/promotion/suggested-cap.ts'
import { sumTallies } from '../../../core/promotion/tally.ts'
import { refuse } from '../../../core/reason.ts'
import { checkRun } from '../../../core/text/check-run.ts'
import { listComment } from '../../../core/text/list-comment.ts'
import { offerIssue } from '../../../core/text/offer.ts'
import { pinPull } from '../../../core/text/pin-pull.ts'
import { carriedOutText, notPossibleText } from '../../../core/text/promotion-decision.ts'
import { promotionIssue } from '../../../core/text/promotion-issue.ts'
import { promotionPull } from '../../../core/text/promotion-pull.ts'
import { quoteComment } from '../../../core/text/quote-comment.ts'
import { refusalComment } from '../../../core/text/refusal-comment.ts'
import { sessionComment } from '../../../core/text/session-comment.ts'
import { statusComment } from '../../../core/text/status-comment.ts'
import { completed, portfolio, promotion, quote, runsOf, session, side, withheld } from './views.ts'

const canary = '@canary-login fixes #1 <img src=x> ![x](https://evil.example) `@canary-login'

const accounts = [{ ...portfolio, name: canary, purpose: canary, value: canary, highCost: canary }]
const runs = runsOf(1, 2, 2).map((run) => ({ ...run, rule: canary, subject: canary }))
const problem = parseComment(`/agent review ${canary}`)

const texts: Readonly<Record<string, string>> = {
  quoted: sessionComment(
    session({ phase: 'quoted' }, { accounts, overrides: { model: canary }, inputs: { goal: canary } }),
  ),
  running: sessionComment(session({ phase: 'running', step: canary, spentMicroUsd: 1n })),
  ended: sessionComment(
    session({
      phase: 'ended',
      run: {
        ...withheld,
        detail: canary,
        work: {
          files: [{ path: canary, addedLines: 1, deletedLines: 0 }],
          words: canary.replaceAll('`', ''),
          guardsPassed: [],
        },
        steps: completed.steps.map((step) => ({ ...step, id: canary })),
      },
      outcome: { outcome: 'rejected', rule: canary },
    }),
  ),
  refused: refusalComment({ refusal: refuse('unknown-workflow', canary, canary), accounts }),
  invalid: refusalComment({
    refusal: refuse('invalid-command', problem.kind === 'invalid' ? problem.problem : undefined),
    accounts: [],
  }),
  'check run': checkRun({ workflow: 'review', quote, accounts, run: { ...withheld, detail: canary } }).summary,
  promotion: promotionIssue(
    promotion({
      summary: canary,
      squad: canary,
      overlaySource: canary,
      overlay: { layer: 'repository', file: canary },
      variantSide: side(runs),
    }),
  ).body,
  offer: offerIssue({
    workflow: 'review',
    variant: 'deep',
    summary: canary,
    squad: canary,
    from: canary,
    configSha: 'c0ffee',
    windowDays: 60,
    rows: [{ name: canary, variant: sumTallies([]) }],
    pooled: { variant: sumTallies([]), settledInAll: 0 },
    checkpoints: [],
    decided: { decision: 'not-yet', reasons: ['too-few-runs'] },
    capMicroUsd: 1n,
    weakened: [{ path: [canary], words: canary }],
    source: canary,
    file: canary,
  }).body,
  'a pin’s pull request': pinPull({
    organisation: canary,
    from: 'c0ffee',
    to: 'c0ffee',
    sides: [],
    settings: [canary],
    problems: [canary],
  }).body,
  'promotion’s pull request': promotionPull({
    proposal: 'promote',
    workflow: 'review',
    variant: canary,
    issueNumber: 14,
    files: new Map([[canary, undefined]]),
    ejected: true,
    rewritten: [canary],
    keptAs: canary,
    cap: suggestCap([], 1n, undefined),
    oldCapMicroUsd: 1n,
    squad: canary,
    extra: { unit: 'usd', amount: 1, reason: canary, from: '2026-11-30', until: '2026-12-13', elsewhere: false },
    windowDays: 60,
  }).body.replace('#14', ''),
  'promotion carried out': carriedOutText('promote', {
    workflow: 'review',
    variant: canary,
    pullNumber: 15,
    squad: canary,
    keptAs: canary,
    watchDays: 60,
  }).replace('#15', ''),
  'promotion not possible': notPossibleText(canary),
  list: listComment({
    proposals: [
      {
        proposal: 'promote',
        workflow: 'review',
        variant: canary,
        issueNumber: 14,
        issueUrl: 'https://github.com/acme/shop/issues/14',
        days: 15,
        overdue: true,
      },
    ],
    workflows: [
      {
        name: 'review',
        summary: canary,
        portfolio: canary,
        quote,
        inputs: [{ name: 'goal', type: canary, description: canary, default: canary }],
        variants: [{ name: 'deep', summary: canary, squad: canary }],
      },
    ],
  }),
  status: statusComment({ sessions: [], accounts }) + quoteComment({ workflow: 'review', quote, accounts }),
}

test.each(Object.entries(texts))('%s: words that somebody declared mention, link and close nothing', (_name, text) => {
  const active = text
    .replace(/^(`{3,})[\s\S]*?^\1$/gm, '')
    .replace(/`[^`\n]*`/g, '')
    // The links that are meant: to the subjects and the job, on GitHub itself.
    .replace(/\[[^\][]*\]\(https:\/\/github\.com\/acme\/[^)]*\)/g, '')
  expect(active).not.toContain('`')
  expect(active).not.toMatch(/@[a-z]/i)
  expect(active).not.toMatch(/#\d/)
  expect(active).not.toMatch(/<img/)
  expect(active).not.toMatch(/\]\(/)
  expect(active).not.toContain('https://')
})

test('the views have no field that a person’s name would belong in', () => {
  const folder = new URL('../../../core/text/', import.meta.url)
  const fields = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/^ +readonly (\w+)\??:/gm)].map(([, field = '']) => field),
  )
  expect(fields.length).toBeGreaterThan(50)
  expect(fields.filter((field) => /login|author|actor|sender|user|person|email|who/i.test(field))).toEqual([])
})
