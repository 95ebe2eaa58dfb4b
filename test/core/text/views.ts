/** Views as the App would hand them over, for the tests of the texts. */
import { promotionSchema } from '../../../core/config/promotion.ts'
import type { Quote } from '../../../core/money/quote.ts'
import { evaluateTrial } from '../../../core/promotion/measure.ts'
import { tallyRuns } from '../../../core/promotion/tally.ts'
import type { EndedRun } from '../../../core/text/ended-run.ts'
import type { PayingAccount } from '../../../core/text/paying-account.ts'
import type { CountedRun, PromotionView, Side } from '../../../core/text/promotion-issue.ts'
import type { SessionState, SessionView } from '../../../core/text/session-comment.ts'
import type { SessionStanding } from '../../../core/text/session-standing.ts'
import { guardWords } from '../../../core/text/work-done.ts'

export const quote: Quote = {
  runs: 12,
  usualMicroUsd: 800_000n,
  nineInTenMicroUsd: 1_893_000n,
  capMicroUsd: 2_500_000n,
}

export const portfolio: PayingAccount = {
  kind: 'portfolio',
  name: 'refactoring',
  purpose: 'Safer, faster refactors',
  value: 'quality',
  budget: { microUsd: 40_000_000n },
  remaining: { microUsd: 31_200_000n },
  held: { microUsd: 0n },
  resets: '2026-12-01',
}

export const sprint: PayingAccount = {
  kind: 'squad',
  name: 'payments',
  budget: { tokens: 2_000_000n },
  remaining: { tokens: 1_950_000n },
  held: { tokens: 0n },
  resets: '2026-11-30',
}

export const completed: EndedRun = {
  conclusion: 'completed',
  spentMicroUsd: 620_000n,
  delivered: { kind: 'commit', sha: 'a1b2c3d4e5f6', url: 'https://github.com/acme/shop/commit/a1b2c3d4e5f6' },
  steps: [
    { id: 'before', kind: 'run', ok: false, turns: 0, attempts: 1, spentMicroUsd: 0n },
    { id: 'refactor', kind: 'agent', ok: true, turns: 7, attempts: 1, spentMicroUsd: 410_000n },
    { id: 'tests', kind: 'agent', ok: false, turns: 5, attempts: 3, spentMicroUsd: 210_000n },
  ],
  work: {
    files: [
      { path: 'src/parse.ts', addedLines: 30, deletedLines: 12 },
      { path: 'test/parse.test.ts', addedLines: 11, deletedLines: 0 },
    ],
    words: 'Split parse() into reading and checking.',
    guardsPassed: guardWords(
      { diff: { files: 20, lines: 600 }, paths: { deny: ['infra/**'] }, run: ['${{ inputs.test }}'] },
      { test: 'npm test' },
    ),
  },
  actionsUrl: 'https://github.com/acme/shop/actions/runs/77',
}

export const withheld: EndedRun = {
  ...completed,
  conclusion: 'withheld',
  reason: 'guard-diff',
  detail: 'The work changes 24 files; `diff.files` allows 20.',
  delivered: { kind: 'kept', url: 'https://github.com/acme/shop/actions/runs/77' },
  work: { files: [{ path: 'src/parse.ts', addedLines: 30, deletedLines: 12 }], words: '', guardsPassed: [] },
}

/** A session with one run. */
export const alone: SessionStanding = {
  ceiling: { ceilingMicroUsd: 2_500_000n, spentMicroUsd: 620_000n, heldMicroUsd: 0n },
  mostMicroUsd: 5_000_000n,
  runs: [{ workflow: 'refactor+tests', conclusion: 'completed', spentMicroUsd: 620_000n }],
  hasCheckpoint: true,
  unheard: 0,
}

export function session(state: SessionState, more: Partial<SessionView> = {}): SessionView {
  return {
    sessionId: 's_42',
    workflow: 'refactor+tests',
    quote,
    accounts: [portfolio],
    inputs: {},
    overrides: {},
    enforce: 'cap',
    state,
    standing: alone,
    ...more,
  }
}

function counted(number: number, more: Partial<CountedRun>): CountedRun {
  return {
    runId: `r${number}`,
    subject: `#${number}`,
    subjectUrl: `https://github.com/acme/shop/pull/${number}`,
    day: `2026-11-${String((number % 28) + 1).padStart(2, '0')}`,
    spentMicroUsd: 500_000n,
    outcome: 'accepted',
    rule: 'built-in rule 7: merged',
    reverted: false,
    by: 'choice',
    ...more,
  }
}

export function side(runs: readonly CountedRun[]): Side {
  const assigned = runs.filter(({ by, outcome }) => by === 'assignment' && outcome !== 'unknown').length
  return { tally: tallyRuns(runs.map((run) => ({ ...run, spendMicroUsd: run.spentMicroUsd }))), assigned, runs }
}

export const rejectedRun: Partial<CountedRun> = { outcome: 'rejected', rule: 'built-in rule 5: closed without a merge' }

/** `count` accepted runs, then `rejected` rejected ones, on subjects of their own from `first` on. */
export function runsOf(first: number, count: number, rejected: number, more: Partial<CountedRun> = {}): CountedRun[] {
  return Array.from({ length: count + rejected }, (_, index) =>
    counted(first + index, { ...more, ...(index < count ? {} : rejectedRun) }),
  )
}

const rules = promotionSchema.parse({})

export function promotion(more: Partial<PromotionView> = {}): PromotionView {
  const variantSide = side(runsOf(100, 18, 2))
  const baselineSide = side(runsOf(200, 13, 7, { by: 'assignment', spentMicroUsd: 450_000n }))
  const early = side(runsOf(100, 9, 1))
  return {
    decision: 'promote',
    workflow: 'refactor+tests',
    variant: 'tests-first',
    summary: 'Write the missing tests before anything is moved',
    squad: 'payments',
    windowDays: 60,
    variantSide,
    repositories: [],
    repository: 'acme/shop',
    baselineSide,
    checkpoints: [
      { settled: 10, day: '2026-11-20', measures: evaluateTrial(rules, early.tally, baselineSide.tally).measures },
      {
        settled: 20,
        day: '2026-12-04',
        measures: evaluateTrial(rules, variantSide.tally, baselineSide.tally).measures,
      },
    ],
    sunsetBelowBasisPoints: 4_000,
    weakened: [],
    overlaySource: 'summary: Write the missing tests before anything is moved\nsquad: payments\nsteps:\n  - id: pin\n',
    overlay: { layer: 'repository', file: '.github/purser/catalog/refactor+tests/variants/tests-first.yml' },
    configSha: '0123456789abcdef0123456789abcdef01234567',
    ...more,
  }
}
