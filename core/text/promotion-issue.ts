/** The issue that proposes a variant as the standard (or its sunset), with all the evidence a maintainer needs. */
import type { Measure, Tally } from '../promotion.ts'
import type { Outcome } from '../run.ts'

/** A run of the window that counts: settled or unknown. */
export interface CountedRun {
  readonly runId: string
  /** The pull request, issue or commit: `#12` or a short commit id, and its page. */
  readonly subject: string
  readonly subjectUrl: string
  /** The day it ended, `2026-11-20`. */
  readonly day: string
  readonly spentMicroUsd: bigint
  readonly outcome: Exclude<Outcome, 'pending'>
  /** `Decided.rule`. */
  readonly rule: string
  readonly reverted: boolean
  /** Whether somebody asked for this variant by name or it was assigned. */
  readonly by: 'choice' | 'assignment'
}

export interface CheckpointView {
  /** The variant's settled runs when it was looked at. */
  readonly settled: number
  readonly day: string
  readonly measures: readonly Measure[]
}

/** One side of the comparison. `runs` are those of the tally, newest first; the caller may cut them off. */
export interface Side {
  readonly tally: Tally
  readonly runs: readonly CountedRun[]
}

export interface PromotionView {
  readonly decision: 'promote' | 'sunset'
  readonly workflow: string
  readonly variant: string
  /** The overlay's summary. */
  readonly summary: string
  readonly squad?: string | undefined
  readonly windowDays: number
  readonly variantSide: Side
  readonly baselineSide: Side
  /** The last two, oldest first. */
  readonly checkpoints: readonly CheckpointView[]
  /** `promotion.yml`'s `sunset`, in words of its own section: basis points below which it leaves. */
  readonly sunsetBelowBasisPoints: number
  /** The overlay as written, and where it stands for a person. */
  readonly overlaySource: string
  readonly overlayFile: string
  /** The commit of the default branch whose rules were used. */
  readonly configSha: string
}

export interface IssueText {
  readonly title: string
  readonly body: string
  readonly labels: readonly string[]
}

export const APPROVED_LABEL = 'promotion: approved'
export const REFUSED_LABEL = 'promotion: refused'

export function promotionIssue(view: PromotionView): IssueText {
  throw new Error(`not written yet: ${view.workflow}`)
}
