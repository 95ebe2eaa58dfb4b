/** What changes for a repository when the layer below it moves on: workflow by workflow, and the settings. */
import { isSame } from '../canonical.ts'
import type { CatalogWorkflow, Configuration, Family, Layer } from '../config/configuration.ts'
import { readYaml, writeYaml } from '../config/document.ts'
import { weakenedGuards } from '../config/overlay.ts'
import { overlayBetween } from '../config/overlay-between.ts'
import { isMapping } from '../mapping.ts'
import { withDelegates } from '../plan/resolve-models.ts'

export interface DeclaredLayers {
  /** Lowest first. */
  readonly layers: readonly Layer[]
  readonly configuration: Configuration
}

/** One workflow or variant; `before` or `after` is absent where it is added or removed. */
export interface SideDifference {
  readonly workflow: string
  readonly variant?: string
  readonly before?: CatalogWorkflow
  readonly after?: CatalogWorkflow
  /** What differs, as an overlay in YAML would say it; empty where only a text does. */
  readonly overlay: string
  /** Prompt files and agents whose texts differ. */
  readonly texts: readonly string[]
  readonly weakened: ReturnType<typeof weakenedGuards>
}

export interface CatalogDifference {
  readonly sides: readonly SideDifference[]
  /** The keys of `portfolios.yml` and `promotion.yml` that come to something else: `portfolios.refactoring`. */
  readonly settings: readonly string[]
}

export function catalogDifference(before: DeclaredLayers, after: DeclaredLayers): CatalogDifference {
  const names = [...new Set([...before.configuration.families.keys(), ...after.configuration.families.keys()])].sort()
  return {
    sides: names.flatMap((name) => familyDifference(before, after, name)),
    settings: settingsBetween(before, after),
  }
}

function familyDifference(before: DeclaredLayers, after: DeclaredLayers, name: string): SideDifference[] {
  const [old, now] = [before.configuration.families.get(name), after.configuration.families.get(name)]
  const variants = [...new Set([...(old?.variants.keys() ?? []), ...(now?.variants.keys() ?? [])])].sort()
  return [undefined, ...variants].flatMap((variant) => {
    const side = (family: Family | undefined) =>
      variant === undefined ? family?.baseline : family?.variants.get(variant)?.workflow
    const [was, is] = [side(old), side(now)]
    const texts = was && is ? textsBetween(before, after, was, is) : []
    if (isSame(comparable(was), comparable(is)) && texts.length === 0) return []
    return [
      {
        workflow: name,
        ...(variant === undefined ? {} : { variant }),
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
        overlay: was && is ? overlayText(writtenOf(before, old, variant), writtenOf(after, now, variant)) : '',
        texts,
        weakened: was && is ? weakenedGuards(was, is) : [],
      },
    ]
  })
}

/** Credit changes nothing that it does; prompts are told by their names. */
function comparable(workflow: CatalogWorkflow | undefined): unknown {
  if (workflow === undefined) return undefined
  const { credit: _, ...rest } = workflow
  return rest
}

function textsBetween(
  before: DeclaredLayers,
  after: DeclaredLayers,
  was: CatalogWorkflow,
  is: CatalogWorkflow,
): readonly string[] {
  const prompts = Object.keys({ ...was.prompts, ...is.prompts }).filter(
    (file) => was.prompts[file] !== is.prompts[file],
  )
  const agents = [...new Set([...agentsOf(before, was), ...agentsOf(after, is)])].filter(
    (name) => !isSame(agentText(before, name), agentText(after, name)),
  )
  return [...prompts, ...agents.map((name) => `${name}.agent.md`)]
}

function agentsOf({ configuration }: DeclaredLayers, { steps }: CatalogWorkflow): readonly string[] {
  return [
    ...withDelegates(
      steps.flatMap((step) => ('agent' in step ? [step.agent] : [])),
      configuration,
    ),
  ]
}

/** With the skills that it reads. */
function agentText({ configuration: { agents, skills } }: DeclaredLayers, name: string): unknown {
  const { layer: _, ...agent } = agents.get(name) ?? {}
  return [agent, (agents.get(name)?.skills ?? []).map((skill) => skills.get(skill))]
}

type Written = Record<string, unknown>

/** The side before defaults and units. */
function writtenOf({ layers }: DeclaredLayers, family: Family | undefined, variant: string | undefined): Written {
  const merged = variant === undefined ? undefined : family?.variants.get(variant)?.merged
  if (isMapping(merged)) return merged
  const layer = layers.find(({ name }) => name === family?.layer)
  const source = readYaml('workflow.yml', layer?.files.get(`catalog/${family?.name}/workflow.yml`) ?? '')
  return 'problems' in source || !isMapping(source.value) ? {} : source.value
}

function overlayText(was: Written, is: Written): string {
  const { summary, ...overlay } = overlayBetween(was, is, { summary: String(is.summary ?? '') })
  const said = was.summary === is.summary ? overlay : { summary, ...overlay }
  return Object.keys(said).length === 0 ? '' : writeYaml(said)
}

/** By name where a setting is a mapping of names. */
function settingsBetween({ configuration: was }: DeclaredLayers, { configuration: is }: DeclaredLayers): string[] {
  const { inherit: _, ...old } = was.portfolios
  const { inherit: __, ...now } = is.portfolios
  return [...keysBetween(old, now), ...keysBetween({ promotion: was.promotion }, { promotion: is.promotion })]
}

function keysBetween(was: Written, is: Written): string[] {
  return Object.keys({ ...was, ...is }).flatMap((key) => {
    const [old, now] = [was[key], is[key]]
    if (isSame(old, now)) return []
    if (!isMapping(old) || !isMapping(now)) return [key]
    return Object.keys({ ...old, ...now }).flatMap((name) => (isSame(old[name], now[name]) ? [] : [`${key}.${name}`]))
  })
}
