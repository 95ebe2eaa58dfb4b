/**
 * What a repository declares, read from its default branch at one commit: nothing on any other branch is ever read
 * as configuration. Kept in memory by the ids of the trees it was read from, so that an unchanged folder is read once.
 */
import type { Configuration, Layer, LayerName } from '../../core/config/configuration.ts'
import { loadConfiguration } from '../../core/config/load.ts'
import { formatProblem, type Problem } from '../../core/config/problem.ts'
import { type Inheritance, inheritanceOf, ORGANISATION_REPOSITORIES } from '../../core/config/settings.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { isRefused, type RepositoryName } from '../../delivery/github.ts'
import type { Octokit } from '../github.ts'
import { findLayer, findPinnedLayer, type LayerPlace, LayerTooLarge, readLayer } from './layer.ts'
import { createLru } from './lru.ts'

export interface Declared {
  readonly configuration: Configuration
  /** The commit of the default branch it was read from. */
  readonly configSha: string
  readonly defaultBranch: string
  /** What it was read from, lowest first. */
  readonly layers: readonly Layer[]
  /** Where the organisation's layer was read, if it is inherited. */
  readonly organisation?: LayerPlace | undefined
}

/** `declares`: `layer` reads one that has no `portfolios.yml` too, as an organisation's may. */
export type ReadConfiguration = (
  octokit: Octokit,
  repository: RepositoryName,
  defaultBranch: string,
  today: string,
  declares?: 'portfolios' | 'layer',
) => Promise<Declared | Refusal>

/** Configurations in memory at a time; the least lately used goes first. */
const CACHE_MAX = 200
/** Problems that a refusal names; `purser check` names all. */
const PROBLEMS_SHOWN = 5

type Loaded = { configuration: Configuration } | Refusal

export function createReadConfiguration(builtIn: Layer, pricedModels: readonly string[]): ReadConfiguration {
  const configurations = createLru<Loaded>(CACHE_MAX)
  const layers = createLru<Layer>(CACHE_MAX)

  /** A tree's id names its content; what it is called by, and whether it is shared, is its repository's. */
  async function read(octokit: Octokit, name: LayerName, place: LayerPlace): Promise<Layer> {
    const key = `${name} ${place.repository.repo} ${place.treeSha}`
    const layer = layers.get(key) ?? (await readLayer(octokit, name, place))
    layers.set(key, layer)
    return layer
  }

  return async (octokit, repository, defaultBranch, today, declares = 'portfolios') => {
    const place = await findLayer(octokit, repository, defaultBranch)
    if (!place) return refuse('no-configuration')
    try {
      const own = await read(octokit, 'repository', place)
      const inheritance = inheritanceOf(own)
      const above = inheritance && (await organisationPlace(octokit, repository, inheritance))
      if (isRefusal(above)) return above
      const key = `${today} ${own.isShared} ${place.treeSha} ${above?.treeSha}`
      const between = above ? [await read(octokit, 'organisation', above)] : []
      const from = [builtIn, ...between, own]
      const loaded = configurations.get(key) ?? load(from, today, pricedModels)
      configurations.set(key, loaded)
      if (isRefusal(loaded)) return loaded
      if (declares === 'portfolios' && !loaded.configuration.declared) return refuse('no-configuration')
      const { configuration } = loaded
      return { configuration, configSha: place.commitSha, defaultBranch, layers: from, organisation: above }
    } catch (error) {
      if (error instanceof LayerTooLarge) return refuse('configuration-invalid', `${error.message}.`)
      throw error
    }
  }
}

function load(from: readonly Layer[], today: string, pricedModels: readonly string[]): Loaded {
  const loaded = loadConfiguration(from, today, pricedModels)
  if ('problems' in loaded) return refuse('configuration-invalid', problemsShown(loaded.problems))
  return loaded
}

function problemsShown(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error')
  const shown = errors.slice(0, PROBLEMS_SHOWN).map((problem) => `\`${formatProblem(problem).replaceAll('`', "'")}\``)
  const more = errors.length > shown.length ? `; and ${errors.length - shown.length} more` : ''
  return `What the default branch declares has problems: ${shown.join('; ')}${more}`
}

async function organisationPlace(
  octokit: Octokit,
  { owner }: RepositoryName,
  { commitSha }: Inheritance,
): Promise<LayerPlace | Refusal> {
  const [only, another] = await organisationLayers(octokit, owner, commitSha)
  const repositories = ORGANISATION_REPOSITORIES.map((repo) => `\`${repo}\``)
  if (only && another) {
    return refuse(
      'organisation-layer-unreadable',
      `The organisation’s layer stands in ${repositories.join(' and in ')}, and only one may have it: whoever may make the other could else replace it.`,
      'Remove `.github/purser` from one of them.',
    )
  }
  if (only) return only.place
  if (commitSha === undefined) return refuse('organisation-layer-unreadable')
  return refuse(
    'organisation-layer-unreadable',
    `The repository inherits from its organisation as of commit \`${commitSha.slice(0, 12)}\`, which has no readable layer on the default branch of ${repositories.join(' or ')}.`,
    'Pin `inherit: organisation@<commit>` to a commit that is on that branch, and give the App access to the repository.',
  )
}

/** The layers that the App can read in the organisation's repositories for it, as `commitSha` of a default branch has them or as it is. */
export async function organisationLayers(octokit: Octokit, owner: string, commitSha?: string) {
  const layers = await Promise.all(
    ORGANISATION_REPOSITORIES.map(async (repo) => {
      const name = { owner, repo }
      const repository = await repositoryAt(octokit, name)
      if (repository === undefined) return []
      const place =
        commitSha === undefined
          ? await findLayer(octokit, name, repository.default_branch)
          : await findPinnedLayer(octokit, name, repository.default_branch, commitSha)
      return place ? [{ repository, place }] : []
    }),
  )
  return layers.flat()
}

async function repositoryAt(octokit: Octokit, name: RepositoryName) {
  try {
    const { data } = await octokit.rest.repos.get({ ...name })
    return data
  } catch (error) {
    // One that can't be read just now may be the one that counts.
    if (!isRefused(error)) throw error
    return undefined
  }
}
