/** `portfolios.yml` and `promotion.yml`, the organisation's below the repository's. */
import type { z } from 'zod/mini'
import { isMapping } from '../mapping.ts'
import type { Layer } from './configuration.ts'
import { readYaml, type Source } from './document.ts'
import { checkSchema } from './explain.ts'
import { INHERITED, type PortfoliosFile, portfoliosSchema } from './portfolios.ts'
import type { Problem } from './problem.ts'
import { type PromotionFile, promotionSchema } from './promotion.ts'

export const PORTFOLIOS = 'portfolios.yml'
export const PROMOTION = 'promotion.yml'
/** The organisation's repositories that may hold its layer, in this order. */
export const ORGANISATION_REPOSITORIES = ['.github-private', '.github']

export interface Settings {
  /** Whether the highest layer has a `portfolios.yml`. */
  readonly declared: boolean
  /** Whether others inherit the highest layer. */
  readonly isShared: boolean
  readonly portfolios: Located<PortfoliosFile>
  readonly promotion: Located<PromotionFile>
}

/** A value and the files it came from, the one that stands above first. */
export interface Located<T> {
  readonly value: T
  readonly sources: readonly Source[]
}

/** That the organisation's layer lies below: as its default branch has it, or as one commit of that branch has it. */
export interface Inheritance {
  readonly commitSha?: string
}

/**
 * What a repository's layer says of its organisation's below it; `undefined` where it says none. A file that can't be read
 * says nothing here; `loadConfiguration` names what is wrong with it.
 */
export function inheritanceOf(repository: Layer): Inheritance | undefined {
  const text = repository.files.get(PORTFOLIOS)
  // Reading takes time, and nothing but an escape can write the word without its letters.
  if (text === undefined || !/organisation|\\/.test(text)) return undefined
  const source = readYaml(PORTFOLIOS, text)
  if ('problems' in source || !isMapping(source.value)) return undefined
  const { inherit } = source.value
  const [said, commitSha] = (typeof inherit === 'string' && INHERITED.exec(inherit)) || []
  if (said === undefined) return undefined
  return commitSha === undefined ? {} : { commitSha }
}

export function inheritsOrganisation(repository: Layer): boolean {
  return inheritanceOf(repository) !== undefined
}

/**
 * Reads both files from the declaring layers, lowest first. Mappings at the top (`values`, `portfolios`, ...) merge by
 * name, the upper file's entry replacing the lower's whole; `models.prices`, `models.context` and `exploration.squads` merge by
 * name too; scalars and lists are replaced. A lower file must be valid by itself; the upper one may lean on what lies below it.
 */
export function readSettings(layers: readonly Layer[]): {
  settings: Settings | undefined
  problems: readonly Problem[]
} {
  const portfolios = readMerged(layers, PORTFOLIOS, portfoliosSchema, { version: 1 })
  const promotion = readMerged(layers, PROMOTION, promotionSchema, {})
  const problems = [...portfolios.problems, ...promotion.problems]
  if (!portfolios.located || !promotion.located) return { settings: undefined, problems }
  const own = layers.at(-1)
  const declared = own?.files.has(PORTFOLIOS) ?? false
  const isShared = own?.isShared ?? false
  return { settings: { declared, isShared, portfolios: portfolios.located, promotion: promotion.located }, problems }
}

/** A key that may stand alone in the file. */
const EXAMPLES: Readonly<Record<string, string>> = { [PORTFOLIOS]: 'version: 1', [PROMOTION]: 'window: { days: 60 }' }

function readMerged<Schema extends z.ZodMiniType>(
  layers: readonly Layer[],
  path: string,
  schema: Schema,
  empty: Record<string, unknown>,
): { located?: Located<z.output<Schema>>; problems: readonly Problem[] } {
  let merged: unknown = empty
  const sources: Source[] = []
  const files = layers.filter((layer) => layer.files.has(path))
  for (const [index, layer] of files.entries()) {
    const source = readYaml(`${layer.root}/${path}`, layer.files.get(path) ?? '', { example: EXAMPLES[path] })
    if ('problems' in source) return source
    merged = index === 0 ? source.value : mergeSettings(merged, source.value)
    sources.unshift(source)
    const checked = checkSchema(schema, merged, sources)
    if ('problems' in checked) return checked
  }
  const checked = checkSchema(schema, merged, sources)
  if ('problems' in checked) return checked
  return { located: { value: checked.value, sources }, problems: [] }
}

/** Mappings within mappings that merge by name as well; everything else at that depth is replaced whole. */
const NAMED_WITHIN = new Set(['models.prices', 'models.context', 'exploration.squads'])

function mergeSettings(lower: unknown, upper: unknown, path: readonly string[] = []): unknown {
  if (!isMapping(lower) || !isMapping(upper)) return upper
  const merges = path.length < 2 || NAMED_WITHIN.has(path.join('.'))
  if (!merges) return upper
  const names = Object.keys(upper).map((key) => {
    const below = Object.hasOwn(lower, key) ? lower[key] : undefined
    return [key, below === undefined ? upper[key] : mergeSettings(below, upper[key], [...path, key])]
  })
  return { ...lower, ...Object.fromEntries(names) }
}
