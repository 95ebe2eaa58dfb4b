/** From an approved proposal and what the repository declares now to the files and the words of its pull request. */

import type { Configuration, Family, Layer } from '../../core/config/configuration.ts'
import { readYaml } from '../../core/config/document.ts'
import { dayOf } from '../../core/money/calendar.ts'
import { quoteRun } from '../../core/money/quote.ts'
import { windowOf } from '../../core/promotion/evidence.ts'
import {
  deafAgent,
  overlayFor,
  overrideSetOf,
  overrideWords,
  withOverrides,
} from '../../core/promotion/override-set.ts'
import {
  type CatalogChange,
  changeBaseline,
  type FileChanges,
  type NotPossible,
  withoutVariant,
  withVariant,
} from '../../core/promotion/promotion-change.ts'
import { type Extra, extraFor, withExtra } from '../../core/promotion/squad-extra.ts'
import { suggestCap } from '../../core/promotion/suggested-cap.ts'
import { type PromotionPullView, type PullText, promotionPull } from '../../core/text/promotion-pull.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import type { Declared } from '../declared/configuration.ts'
import { type Member, membersOf } from '../ledger/members.ts'
import { type Side, tallyOver } from '../ledger/tally.ts'
import type { Parts } from '../parts.ts'
import { type Before, beforeSchema } from './before.ts'
import { prepareOffer } from './offer.ts'

const FOLDER = '.github/purser'
const NAME_CHARACTERS_MAX = 50
/** Runs whose costs a cap is suggested from; the newest. */
const SPENDS_MAX = 1000

type Members = readonly Member[]

export interface Prepared {
  /** Paths in the repository -> text; `undefined` takes the file away. */
  readonly files: FileChanges
  readonly text: PullText
  /** For a promotion: what the old baseline did, to be kept. */
  readonly before?: Before | undefined
}

export async function prepareChange(
  parts: Parts,
  declared: Declared,
  promotion: Promotion,
): Promise<Prepared | NotPossible> {
  switch (promotion.decision) {
    case 'promote':
      return preparePromotion(parts, declared, promotion)
    case 'rollback':
      return prepareRollback(parts, declared, promotion)
    case 'sunset':
      return prepareSunset(parts, declared, promotion)
    case 'adopt':
      return prepareAdopted(parts, declared, promotion)
    case 'offer':
      return prepareOffer(parts, declared, promotion)
  }
}

async function preparePromotion(
  parts: Parts,
  declared: Declared,
  promotion: Promotion,
): Promise<Prepared | NotPossible> {
  const { configuration } = declared
  const { family, variant } = promotion
  const found = configuration.families.get(family)
  const tried = found?.variants.get(variant)
  if (!found || !tried) return { problem: `There is no variant ${family}/${variant} any more.` }
  const { squad } = tried.overlay
  const today = dayOf(parts.now(), configuration.portfolios['time-zone'])
  const members = await membersOf(parts.prisma, promotion)
  const spends = await spendsOf(parts, configuration, { family, variant }, members)
  const oldSpends = await spendsOf(parts, configuration, { family, variant: null }, members)
  const { cap: present, floor } = tried.workflow
  const cap = suggestCap(spends, present.usd, floor?.usd)
  const keptAs = nameFor(found, `before-${variant}`)
  const credit = [...(found.baseline.credit ?? []), ...(squad === undefined ? [] : [{ squad, variant, since: today }])]
  const order = { family, variant, keepAs: keptAs, credit, capMicroUsd: cap.capMicroUsd }
  const change = changeBaseline(declaring(parts, declared), order)
  if ('problem' in change) return change
  const extra = extraOf(parts, configuration, squad, `${family}/${variant}`)
  const portfolios = extra && squad !== undefined ? portfoliosWith(declared.layers, squad, extra) : undefined
  const files = inRepository(new Map([...change.files, ...(portfolios === undefined ? [] : [portfolios])]))
  return {
    files,
    text: promotionPull({
      ...viewOf(promotion, change, files),
      proposal: 'promote',
      keptAs,
      cap,
      oldCapMicroUsd: found.baseline.cap.usd,
      squad,
      extra: extra && { ...extra, elsewhere: portfolios === undefined },
      usualMicroUsd: quoteRun(spends, 0n, 0n).usualMicroUsd,
      oldUsualMicroUsd: quoteRun(oldSpends, 0n, 0n).usualMicroUsd,
      windowDays: configuration.promotion.window.days,
    }),
    before: {
      keptAs,
      squad,
      tally: await tallyNow(parts, configuration, { family, variant: null }, members),
      promoted: await tallyNow(parts, configuration, { family, variant }, members),
      watched: [],
    },
  }
}

async function prepareRollback(
  parts: Parts,
  declared: Declared,
  promotion: Promotion,
): Promise<Prepared | NotPossible> {
  const { family, variant } = promotion
  const before = beforeSchema.safeParse(promotion.before)
  const found = declared.configuration.families.get(family)
  if (!found || !before.success) return { problem: `Nothing is known of what ${family} was before ${variant}.` }
  const { keptAs, squad } = before.data
  const credit = (found.baseline.credit ?? []).filter((one) => one.variant !== variant)
  const change = changeBaseline(declaring(parts, declared), {
    family,
    variant: keptAs,
    keepAs: nameFor(found, variant),
    keepSquad: squad,
    credit,
  })
  if ('problem' in change) return change
  const files = inRepository(change.files)
  return { files, text: promotionPull({ ...viewOf(promotion, change, files), proposal: 'rollback', keptAs }) }
}

function prepareSunset(parts: Parts, declared: Declared, promotion: Promotion): Prepared | NotPossible {
  const change = withoutVariant(declaring(parts, declared), promotion)
  if ('problem' in change) return change
  const files = inRepository(change.files)
  return { files, text: promotionPull({ ...viewOf(promotion, change, files), proposal: 'sunset' }) }
}

function prepareAdopted(parts: Parts, declared: Declared, promotion: Promotion): Prepared | NotPossible {
  const { family, variant, overrideKey } = promotion
  if (overrideKey === null) return { problem: `Nothing is known of the overrides that ${variant} was to have.` }
  const change = prepareAdoption(parts, declared, { family, variant, overrideKey })
  if ('problem' in change) return change
  const files = inRepository(change.files)
  const overrides = overrideWords(overrideSetOf(overrideKey))
  return { files, text: promotionPull({ ...viewOf(promotion, change, files), proposal: 'adopt', overrides }) }
}

/** The file that makes a variant of overrides, resolved and compared with what they do. */
export function prepareAdoption(
  parts: Parts,
  declared: Declared,
  { family, variant, overrideKey }: { family: string; variant: string; overrideKey: string },
): CatalogChange | NotPossible {
  const set = overrideSetOf(overrideKey)
  const baseline = declared.configuration.families.get(family)?.baseline
  const deaf = baseline && deafAgent(declared.configuration, baseline, set)
  if (deaf !== undefined) {
    return { problem: `The agent ${deaf} names a model or an effort of its own, which comes before a variant’s.` }
  }
  const order = { family, variant, overlay: overlayFor(set) }
  return withVariant(declaring(parts, declared), order, (workflow) => withOverrides(workflow, set))
}

function viewOf(
  { family, variant, issueNumber }: Promotion,
  { ejected, rewritten }: CatalogChange,
  files: FileChanges,
): Omit<PromotionPullView & { proposal: 'sunset' }, 'proposal'> {
  if (issueNumber === null) throw new Error('a proposal is decided in its issue')
  return { workflow: family, variant, issueNumber, files, ejected, rewritten }
}

function declaring(parts: Parts, { layers }: Declared) {
  return { layers, today: dayOf(parts.now(), 'UTC') }
}

export function inRepository(files: FileChanges): FileChanges {
  return new Map([...files].map(([path, text]) => [`${FOLDER}/${path}`, text]))
}

/** The first of `name`, `name-2`, ... that no variant has. */
function nameFor({ variants }: Family, name: string): string {
  const fits = (suffix: string) => `${name.slice(0, NAME_CHARACTERS_MAX - suffix.length).replace(/[-+]$/, '')}${suffix}`
  const taken = [...variants.keys()].filter((one) => one.startsWith(name.slice(0, 40))).length
  const candidates = ['', ...Array.from({ length: taken }, (_, index) => `-${index + 2}`)].map(fits)
  return candidates.find((candidate) => !variants.has(candidate)) ?? fits(`-${taken + 2}`)
}

function extraOf(
  parts: Parts,
  { portfolios, promotion }: Configuration,
  squad: string | undefined,
  what: string,
): Extra | undefined {
  return extraFor(portfolios.exploration, squad, promotion.extra, what, parts.now(), portfolios['time-zone'])
}

/** The repository's own file with the extra; `undefined` where the squad is declared elsewhere. */
function portfoliosWith(layers: readonly Layer[], squad: string, extra: Extra): readonly [string, string] | undefined {
  const path = 'portfolios.yml'
  const text = layers.find(({ name }) => name === 'repository')?.files.get(path)
  if (text === undefined) return undefined
  const source = readYaml(path, text)
  const changed = 'problems' in source ? undefined : withExtra(text, source.value, squad, extra)
  return changed === undefined ? undefined : [path, changed]
}

/** A side as the trial saw it. */
async function tallyNow(parts: Parts, { promotion: rules }: Configuration, side: Side, members: Members) {
  return tallyOver(parts.prisma, side, members, windowOf(rules, parts.now()))
}

async function spendsOf(
  parts: Parts,
  { promotion }: Configuration,
  { family, variant }: Side,
  members: Members,
): Promise<readonly bigint[]> {
  const runs = await parts.prisma.run.findMany({
    where: {
      repositoryId: { in: members.map(({ repositoryId }) => repositoryId) },
      family,
      variant,
      endedAt: { gte: windowOf(promotion, parts.now()).from },
      outcome: { in: ['accepted', 'reworked', 'rejected'] },
    },
    orderBy: { endedAt: 'desc' },
    take: SPENDS_MAX,
    select: { spentMicroUsd: true },
  })
  return runs.map(({ spentMicroUsd }) => spentMicroUsd)
}
