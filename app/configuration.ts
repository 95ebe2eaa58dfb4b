/**
 * What a repository declares, read from its default branch at one commit: nothing on any other branch is ever read
 * as configuration. Kept in memory by the ids of the trees it was read from, so that an unchanged folder is read once.
 */
import type { Configuration, Layer } from '../core/config/configuration.ts'
import { loadConfiguration } from '../core/config/load.ts'
import { formatProblem, type Problem } from '../core/config/problem.ts'
import { inheritsOrganisation } from '../core/config/settings.ts'
import { type Refusal, refuse } from '../core/reason.ts'
import type { Octokit, RepositoryName } from './github.ts'
import { findLayer, type LayerPlace, LayerTooLarge, readLayer } from './layer.ts'

export interface Declared {
  readonly configuration: Configuration
  /** The commit of the default branch it was read from. */
  readonly configSha: string
  readonly defaultBranch: string
}

export type ReadConfiguration = (
  octokit: Octokit,
  repository: RepositoryName,
  defaultBranch: string,
  today: string,
) => Promise<Declared | Refusal>

/** Configurations in memory at a time; the least lately used goes first. */
const CACHE_MAX = 200
/** Problems that a refusal names; `purser check` names all. */
const PROBLEMS_SHOWN = 5
/** The organisation's repositories that may hold its layer, in this order. */
const ORGANISATION_REPOSITORIES = ['.github-private', '.github']

type Loaded = { configuration: Configuration } | Refusal

export function createReadConfiguration(builtIn: Layer, pricedModels: readonly string[]): ReadConfiguration {
  const cache = new Map<string, Loaded>()

  return async (octokit, repository, defaultBranch, today) => {
    const place = await findLayer(octokit, repository, defaultBranch)
    const treeSha = place?.treeSha
    if (!place || treeSha === undefined) return refuse('no-configuration')
    try {
      const own = await cachedLayer(octokit, 'repository', { ...place, treeSha })
      const organisation = inheritsOrganisation(own) ? await organisationPlace(octokit, repository) : undefined
      if (organisation && 'refused' in organisation) return organisation
      const key = [today, treeSha, organisation?.treeSha ?? ''].join(' ')
      let loaded = cache.get(key)
      if (loaded === undefined) {
        const layers = organisation ? [await readLayer(octokit, 'organisation', organisation)] : []
        loaded = load([builtIn, ...layers, own], today, pricedModels)
      }
      keep(cache, key, loaded)
      if ('refused' in loaded) return loaded
      return { configuration: loaded.configuration, configSha: place.commitSha, defaultBranch }
    } catch (error) {
      if (error instanceof LayerTooLarge) return refuse('configuration-invalid', `${error.message}.`)
      throw error
    }
  }
}

const layers = new Map<string, Layer>()

/** A tree's id names its content, so the same id is the same layer in whatever repository it stands. */
async function cachedLayer(
  octokit: Octokit,
  name: 'repository',
  place: LayerPlace & { treeSha: string },
): Promise<Layer> {
  const layer = layers.get(place.treeSha) ?? (await readLayer(octokit, name, place))
  keep(layers, place.treeSha, layer)
  return layer
}

function load(from: readonly Layer[], today: string, pricedModels: readonly string[]): Loaded {
  const loaded = loadConfiguration(from, today, pricedModels)
  if ('problems' in loaded) return refuse('configuration-invalid', problemsShown(loaded.problems))
  return loaded.configuration.declared ? loaded : refuse('no-configuration')
}

function problemsShown(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error')
  const shown = errors.slice(0, PROBLEMS_SHOWN).map((problem) => `\`${formatProblem(problem).replaceAll('`', "'")}\``)
  const more = errors.length > shown.length ? `; and ${errors.length - shown.length} more` : ''
  return `What the default branch declares has problems: ${shown.join('; ')}${more}`
}

async function organisationPlace(
  octokit: Octokit,
  repository: RepositoryName,
): Promise<(LayerPlace & { treeSha: string }) | Refusal> {
  for (const repo of ORGANISATION_REPOSITORIES) {
    const name = { owner: repository.owner, repo }
    const branch = await defaultBranchOf(octokit, name)
    const place = branch === undefined ? undefined : await findLayer(octokit, name, branch)
    if (place?.treeSha !== undefined) return { ...place, treeSha: place.treeSha }
  }
  return refuse('organisation-layer-unreadable')
}

async function defaultBranchOf(octokit: Octokit, repository: RepositoryName): Promise<string | undefined> {
  try {
    const { data } = await octokit.rest.repos.get({ ...repository })
    return data.default_branch
  } catch {
    // Whatever the reason, a layer that can't be read is a refusal and never an empty layer.
    return undefined
  }
}

function keep<Value>(cache: Map<string, Value>, key: string, value: Value): void {
  cache.delete(key)
  cache.set(key, value)
  const [oldest] = cache.keys()
  if (cache.size > CACHE_MAX && oldest !== undefined) cache.delete(oldest)
}
