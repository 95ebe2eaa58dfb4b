/**
 * From a repository to the organisation's catalog: one issue in the repository that holds that, with the evidence of all
 * repositories that declare the same, and after a maintainer's approval there one pull request. The row is that
 * repository's, so labels, commands and merges are heard as for every proposal.
 */

import type { CatalogWorkflow } from '../../core/config/configuration.ts'
import { weakenedGuards } from '../../core/config/overlay.ts'
import { dayOf } from '../../core/money/calendar.ts'
import { BASELINE } from '../../core/plan/assignment.ts'
import { offerChange } from '../../core/promotion/offer-change.ts'
import { evaluatePool, lookAtPool, pool } from '../../core/promotion/pooled.ts'
import { decideTrial } from '../../core/promotion/promotion.ts'
import type { NotPossible } from '../../core/promotion/promotion-change.ts'
import { rulesFor } from '../../core/promotion/rules.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { type OfferView, offerIssue, offerPull } from '../../core/text/offer.ts'
import { offeredName } from '../../core/text/promotion-decision.ts'
import type { IssueText } from '../../core/text/promotion-issue.ts'
import { isRefused } from '../../delivery/github.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import { toJson } from '../database/json.ts'
import type { Declared } from '../declared/configuration.ts'
import { organisationOf } from '../declared/organisation.ts'
import { sharesIn } from '../ledger/pooled.ts'
import { advance, keyOfPromotion, startAnew } from '../ledger/promotion.ts'
import { openPromotion } from '../ledger/trial.ts'
import { namedShares } from '../outcome/evidence.ts'
import type { Parts } from '../parts.ts'
import { declaredBy, layerBy } from '../run/prepare.ts'
import { siteOf } from '../show/urls.ts'
import { fullNameOf, type Place, placeById } from '../subject/place.ts'
import type { Prepared } from './change.ts'
import { sideDefinition } from './definition.ts'
import { makeIssue } from './issue.ts'
import { type OfferLook, offeredSchema, type Offered as StoredOffer, storeOffered } from './offered.ts'
import { overdueSince } from './propose.ts'

const FOLDER = '.github/purser'

export interface Offer {
  readonly workflow: string
  /** Absent where the workflow itself is offered. */
  readonly variant?: string | undefined
}

/** Opens the issue, or brings it up to date; the answer is its address. */
export async function offerTo(parts: Parts, from: Place, declared: Declared, offer: Offer): Promise<string | Refusal> {
  const { workflow: family, variant } = offer
  const organisation = await organisationOf(parts, from)
  if (!organisation)
    return refuse('organisation-layer-unreadable', 'There is no organisation’s catalog to offer it to.', NO_LAYER)
  if (organisation.repositoryId === from.repositoryId) {
    return refuse(
      'offer-not-possible',
      'This repository holds the organisation’s catalog itself.',
      'Offer from a repository that uses it.',
    )
  }
  if (await isHidden(parts, from.repositoryId, organisation.repositoryId)) {
    const message = `This repository is private and \`${organisation.name.repo}\` is public, so everybody would read what it declares.`
    return refuse(
      'offer-not-possible',
      message,
      'Put the organisation’s catalog into `.github-private`, or add it there by hand.',
    )
  }
  const theirs = await layerBy(parts, organisation)
  if (isRefusal(theirs)) return theirs
  const definition = sideDefinition(declared.configuration, family, variant ?? null)
  const change = offerChange(
    { layers: theirs.layers, today: dayOf(parts.now(), 'UTC') },
    { ...declared, family, variant },
  )
  if ('problem' in change || definition === undefined) {
    const problem = 'problem' in change ? change.problem : `There is no ${family} here.`
    return refuse('offer-not-possible', problem)
  }
  const trial = { repositoryId: organisation.repositoryId, family, variant: variant ?? BASELINE }
  const { promotion: found } = await openPromotion(parts.prisma, trial, 'offer', parts.now())
  const address = (row: Promotion) => `${siteOf(parts, organisation)}/issues/${row.issueNumber}`
  const isAnother = found.definition !== null && found.definition !== definition
  const isDecided = !['opening', 'open'].includes(found.state)
  if (isDecided && !isAnother) {
    const message = `It has been offered as it is declared now: ${address(found)} is ${found.state}.`
    return refuse(
      'offer-not-possible',
      message,
      'Offer it again once it is declared differently, or reopen that issue.',
    )
  }
  const promotion = isDecided ? await startAnew(parts.prisma, found, parts.now()) : found
  const looks = isAnother || isDecided ? [] : (offeredSchema.safeParse(found.before).data?.looks ?? [])
  const before = toJson(storeOffered({ from: from.repositoryId, looks }))
  const where = { repositoryId_family_variant_decision: keyOfPromotion(promotion) }
  const row = await parts.prisma.promotion.update({ where, data: { definition, before } })
  try {
    await showOffer(parts, organisation, row)
  } catch (error) {
    if (row.issueNumber !== null || !isRefused(error)) throw error
    // Anybody can read a public repository; writing there needs the App's own access.
    await parts.prisma.promotion.delete({ where })
    const message = `GitHub did not let the App open an issue in \`${fullNameOf(organisation)}\`.`
    return refuse(
      'organisation-layer-unreadable',
      message,
      'Install the App on that repository, with its issues switched on.',
    )
  }
  return address(await parts.prisma.promotion.findUniqueOrThrow({ where }))
}

/** Whether what the one declares can't be told to all who read the other. */
async function isHidden({ prisma }: Parts, from: bigint, organisation: bigint): Promise<boolean> {
  const repository = (id: bigint) => prisma.repository.findUniqueOrThrow({ where: { id } })
  const [own, theirs] = await Promise.all([repository(from), repository(organisation)])
  return own.private && !theirs.private
}

const NO_LAYER =
  'Make a folder `.github/purser` in the organisation’s `.github-private` or `.github`, and give the App access to it.'

/** `shown`: what the issue says now, where that is known. */
export async function showOffer(
  parts: Parts,
  organisation: Place,
  promotion: Promotion,
  shown?: string,
): Promise<void> {
  const text = await offerText(parts, organisation, promotion)
  if (text && text.body !== shown) await makeIssue(parts, organisation, promotion, text)
}

/** `undefined` while the repository that offers it does not declare it. */
export async function offerText(
  parts: Parts,
  organisation: Place,
  promotion: Promotion,
): Promise<IssueText | undefined> {
  const view = await viewOf(parts, organisation, promotion)
  return view && offerIssue({ ...view, overdueSince: overdueSince(promotion) })
}

async function viewOf(parts: Parts, organisation: Place, promotion: Promotion): Promise<OfferView | undefined> {
  const offering = await offeringOf(parts, promotion)
  const theirs = await layerBy(parts, organisation)
  if ('problem' in offering || isRefusal(theirs)) return undefined
  const { from, declared, offered, variant, side } = offering
  const { configuration, configSha } = declared
  const { family } = promotion
  const found = configuration.families.get(family)
  if (!found) return undefined
  const rules = rulesFor(theirs.configuration.promotion, theirs.configuration.portfolios, family)
  const baseline = variant === undefined ? undefined : sideDefinition(configuration, family, null)
  const sides = { variant: offering.definition, baseline }
  const shares = await sharesIn(parts.prisma, from.name.owner, family, sides, rules, parts.now())
  const pooled = pool(shares)
  const day = dayOf(parts.now(), 'UTC')
  const looks = lookAtPool<OfferLook>(offered.looks, rules, pooled, (look) => ({
    ...look,
    day,
    measures: [...look.measures],
  }))
  if (looks !== offered.looks) {
    const before = toJson(storeOffered({ ...offered, looks: [...looks] }))
    await advance(parts.prisma, promotion, ['opening', 'open'], { before })
  }
  const now = { settled: pooled.variant.settled, day, measures: evaluatePool(rules, pooled).measures }
  const overlay = variant === undefined ? undefined : found.variants.get(variant)
  return {
    workflow: family,
    variant: promotion.variant,
    summary: overlay?.overlay.summary ?? found.baseline.summary,
    squad: overlay?.overlay.squad,
    from: fullNameOf(from),
    configSha,
    windowDays: rules.window.days,
    rows: namedShares(shares, from.repositoryId),
    pooled,
    checkpoints: looks.length === 0 ? [now] : looks,
    decided: decideTrial(looks),
    capMicroUsd: side.cap.usd,
    weakened: overlay ? weakenedGuards(found.baseline, side) : [],
    source: overlay?.source ?? declared.layers.at(-1)?.files.get(`catalog/${family}/workflow.yml`) ?? '',
    file: overlay?.file ?? found.file,
  }
}

interface Offered {
  readonly from: Place
  readonly declared: Declared
  readonly offered: StoredOffer
  readonly variant: string | undefined
  readonly side: CatalogWorkflow
  readonly definition: string
}

/** What is offered, as its repository declares it now. */
async function offeringOf(parts: Parts, promotion: Promotion): Promise<Offered | NotPossible> {
  const { family } = promotion
  const variant = promotion.variant === BASELINE ? undefined : promotion.variant
  const offered = offeredSchema.parse(promotion.before)
  const from = await placeById(parts, offered.from)
  // It may have become so since: what it declares now is not told any more.
  if (await isHidden(parts, offered.from, promotion.repositoryId)) {
    return { problem: 'The repository that offers it is private by now, and everybody can read this one.' }
  }
  const declared = await declaredBy(parts, from)
  if (isRefusal(declared)) return { problem: `${fullNameOf(from)} can’t be read: ${declared.message}` }
  const found = declared.configuration.families.get(family)
  const side = variant === undefined ? found?.baseline : found?.variants.get(variant)?.workflow
  const definition = sideDefinition(declared.configuration, family, variant ?? null)
  if (!side || definition === undefined || definition !== promotion.definition) {
    const name = offeredName({ workflow: family, variant: promotion.variant })
    return {
      problem: `${fullNameOf(from)} declares ${name} differently now than when it was offered; it has to offer it again.`,
    }
  }
  return { from, declared, offered, variant, side, definition }
}

/** `declared`: the organisation's layer now. */
export async function prepareOffer(
  parts: Parts,
  declared: Declared,
  promotion: Promotion,
): Promise<Prepared | NotPossible> {
  const offering = await offeringOf(parts, promotion)
  if ('problem' in offering) return offering
  const { family, issueNumber } = promotion
  const { layers, configuration } = offering.declared
  const { from, variant, side } = offering
  const organisation = { layers: declared.layers, today: dayOf(parts.now(), 'UTC') }
  const change = offerChange(organisation, { layers, configuration, family, variant })
  if ('problem' in change) return change
  const files = new Map([...change.files].map(([path, text]) => [`${FOLDER}/${path}`, text]))
  const text = offerPull({
    workflow: family,
    variant: promotion.variant,
    issueNumber: issueNumber ?? 0,
    from: fullNameOf(from),
    capMicroUsd: side.cap.usd,
    files,
  })
  return { files, text }
}
