/**
 * A repository that pins its organisation's catalog gets one pull request that moves the pin, kept up to date while the catalog
 * goes on. Looked at when what is declared is read: after a push here or to the organisation's layer, and once a day.
 */

import { loadConfiguration } from '../../core/config/load.ts'
import { formatProblem } from '../../core/config/problem.ts'
import { inheritanceOf, PORTFOLIOS } from '../../core/config/settings.ts'
import { dayOf } from '../../core/money/calendar.ts'
import { catalogDifference, type DeclaredLayers, type SideDifference } from '../../core/promotion/catalog-difference.ts'
import {
  PIN_TITLE,
  type PinPullView,
  type PricedDifference,
  pinOf,
  pinOvertaken,
  pinPull,
  type SpendSeen,
} from '../../core/text/pin-pull.ts'
import type { PullText } from '../../core/text/promotion-pull.ts'
import { headOf } from '../../delivery/commit.ts'
import { pullsFrom } from '../../delivery/pull-request.ts'
import { createTreeReader } from '../../delivery/tree.ts'
import { writeCommit } from '../../delivery/write-commit.ts'
import { spendSeen } from '../ledger/pooled.ts'
import type { Parts } from '../parts.ts'
import { sideDefinition } from '../promotion/definition.ts'
import { changesetOf } from '../promotion/pull.ts'
import type { Place } from '../subject/place.ts'
import { type Declared, organisationLayers } from './configuration.ts'
import { type LayerPlace, readLayer } from './layer.ts'

const BRANCH = 'purser/organisation-catalog'
const PATH = `.github/purser/${PORTFOLIOS}`
const PROBLEMS_SHOWN_MAX = 20
const DAY_MS = 86_400_000

export async function tendPin(parts: Parts, place: Place, declared: Declared): Promise<void> {
  const { organisation, layers } = declared
  const own = layers.at(-1)
  const pinned = own && inheritanceOf(own)?.commitSha
  if (!organisation || pinned === undefined) return
  const head = await headOfLayer(place, organisation)
  if (!head) return
  // Commits that leave its folder as it is are no news, and where it is again what the pin has there is nothing to move to.
  if (head.treeSha === organisation.treeSha) return withdraw(place, pinned)
  const text = own?.files.get(PORTFOLIOS)?.replace(`organisation@${pinned}`, `organisation@${head.commitSha}`)
  if (text === undefined) return
  const { own: known, isTaken } = await pullsFrom(place, BRANCH)
  // GitHub would open no second one.
  if (isTaken) return
  const open = known.find(({ state }) => state === 'open')
  const isTurnedDown = known.some(({ body, merged_at }) => merged_at === null && pinOf(body ?? '') === head.commitSha)
  if (!open && isTurnedDown) return
  const pull = pinPull(await viewOf(parts, place, declared, head, pinned))
  if (open?.body === pull.body) return
  // What it says may change by the day; the branch only with the catalog.
  const isThere = pinOf(open?.body ?? '') === head.commitSha
  if (!isThere && !(await moveBranch(place, declared.configSha, text, pull.title))) return
  if (open) await place.octokit.rest.pulls.update({ ...place.name, pull_number: open.number, ...pull })
  else await openPull(place, pull)
  parts.log.info({ to: head.commitSha }, 'a pin may be moved')
}

/** Without the line that names a commit, so that the same one may be moved to once more. */
async function withdraw(place: Place, pinned: string): Promise<void> {
  const open = (await pullsFrom(place, BRANCH)).own.filter(({ state }) => state === 'open')
  for (const { number } of open) {
    const closed = { state: 'closed', body: pinOvertaken(pinned) } as const
    await place.octokit.rest.pulls.update({ ...place.name, pull_number: number, ...closed })
  }
}

async function headOfLayer({ octokit, name }: Place, { repository }: LayerPlace): Promise<LayerPlace | undefined> {
  const layers = await organisationLayers(octokit, name.owner)
  return layers.find(({ place }) => place.repository.repo === repository.repo)?.place
}

async function viewOf(
  parts: Parts,
  place: Place,
  declared: Declared,
  head: LayerPlace,
  pinned: string,
): Promise<PinPullView> {
  const above = await readLayer(place.octokit, 'organisation', head)
  const layers = declared.layers.map((layer) => (layer.name === 'organisation' ? above : layer))
  const loaded = loadConfiguration(layers, dayOf(parts.now(), 'UTC'), parts.keptPrices.keys())
  const names = { organisation: `${head.repository.owner}/${head.repository.repo}`, from: pinned, to: head.commitSha }
  if ('problems' in loaded) {
    const errors = loaded.problems.filter(({ severity }) => severity === 'error').slice(0, PROBLEMS_SHOWN_MAX)
    return { ...names, sides: [], settings: [], problems: errors.map(formatProblem) }
  }
  const after = { layers, configuration: loaded.configuration }
  const { sides, settings } = catalogDifference(declared, after)
  const priced = await Promise.all(sides.map((side) => priceOf(parts, place, declared, after, side)))
  return { ...names, sides: priced, settings, problems: [] }
}

async function priceOf(
  parts: Parts,
  { name }: Place,
  before: DeclaredLayers,
  after: DeclaredLayers,
  side: SideDifference,
): Promise<PricedDifference> {
  const { workflow, variant = null } = side
  const from = new Date(parts.now().getTime() - before.configuration.promotion.window.days * DAY_MS)
  const seen = async ({ configuration }: DeclaredLayers): Promise<SpendSeen> => {
    const definition = sideDefinition(configuration, workflow, variant)
    if (definition === undefined) return { runs: 0, spendMicroUsd: 0n }
    return spendSeen(parts.prisma, name.owner, workflow, definition, from)
  }
  return { ...side, seenBefore: await seen(before), seenAfter: await seen(after) }
}

/** Whether the branch holds the change now. One that somebody has worked on is theirs. */
async function moveBranch({ octokit, name }: Place, baseSha: string, text: string, message: string): Promise<boolean> {
  const head = await headOf(octokit, name, BRANCH)
  if (head !== undefined) {
    const { data } = await octokit.rest.git.getCommit({ ...name, commit_sha: head })
    if (!data.message.startsWith(PIN_TITLE)) return false
  }
  const changeset = changesetOf(baseSha, new Map([[PATH, text]]))
  const { sha } = await writeCommit(octokit, name, createTreeReader(octokit, name), baseSha, changeset, message)
  if (head === undefined) await octokit.rest.git.createRef({ ...name, ref: `refs/heads/${BRANCH}`, sha })
  else await octokit.rest.git.updateRef({ ...name, ref: `heads/${BRANCH}`, sha, force: true })
  return true
}

async function openPull({ octokit, name, defaultBranch }: Place, pull: PullText): Promise<void> {
  await octokit.rest.pulls.create({ ...name, head: BRANCH, base: defaultBranch, ...pull })
}
