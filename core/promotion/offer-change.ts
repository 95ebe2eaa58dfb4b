/**
 * What an offer adds to the organisation's layer, as texts: a variant of a workflow that it has, or a workflow that it has not,
 * with the agents that only the repository declares. What was there before stays as it is, which is proved as for a promotion.
 */
import type { CatalogWorkflow, Configuration, Family, Layer } from '../config/configuration.ts'
import { PORTFOLIOS } from '../config/settings.ts'
import { isMapping } from '../mapping.ts'
import { withDelegates } from '../plan/resolve-models.ts'
import {
  type CatalogChange,
  changesTo,
  type Declaring,
  findFamily,
  type NotPossible,
  overlayFile,
  proved,
  relaid,
  withFiles,
} from './promotion-change.ts'

/** What a repository offers: a variant, or where none is named the workflow itself. */
export interface Offering {
  readonly layers: readonly Layer[]
  readonly configuration: Configuration
  readonly family: string
  readonly variant?: string | undefined
}

/** `organisation`: its layer as the repository that owns it declares it, over the built-in catalog. */
export function offerChange(organisation: Declaring, offering: Offering): CatalogChange | NotPossible {
  const { family, variant, configuration } = offering
  const found = configuration.families.get(family)
  if (!found) return { problem: `There is no workflow ${family} here.` }
  return variant === undefined
    ? offerWorkflow(organisation, offering, found)
    : offerVariant(organisation, offering, variant)
}

function offerVariant(organisation: Declaring, offering: Offering, name: string): CatalogChange | NotPossible {
  const { family } = offering
  const offered = offering.configuration.families.get(family)?.variants.get(name)
  if (!offered || !isMapping(offered.merged)) return { problem: `There is no variant ${family}/${name} here.` }
  const standard = findFamily(organisation, family)
  if ('problem' in standard) {
    return {
      problem: `The organisation’s catalog has no workflow ${family} to lay a variant over; offer the workflow first.`,
    }
  }
  if (standard.family.variants.has(name)) {
    return { problem: `The organisation’s catalog has a variant ${family}/${name} already.` }
  }
  const { workflow, merged, source, overlay } = offered
  const theirs = new Map<string, CatalogWorkflow>([
    ['', standard.family.baseline],
    ...[...standard.family.variants.values()].map((one): [string, CatalogWorkflow] => [one.name, one.workflow]),
  ])
  const texts = new Map([
    overlayFile(family, name, relaid(standard.baseline.written, merged, source, overlay)),
    ...promptFiles(family, workflow, [...theirs.values()]),
  ])
  return added(organisation, offering, standard.own, workflow, texts, new Map([...theirs, [name, workflow]]))
}

function offerWorkflow(organisation: Declaring, offering: Offering, found: Family): CatalogChange | NotPossible {
  const { family, layers } = offering
  if (found.layer !== 'repository') {
    return {
      problem: `${family} is not this repository’s own: it comes from the ${found.layer} catalog. A variant of it can be offered.`,
    }
  }
  const own = organisation.layers.find(({ name }) => name === 'repository')
  const standard = findFamily(organisation, family)
  if (!own || !('problem' in standard)) {
    return {
      problem: `The organisation’s catalog has a workflow ${family} already; offer what differs as a variant of it.`,
    }
  }
  // Which portfolio pays for it is the organisation's to say, and may be each repository's.
  const unpaid = organisation.layers.map((layer) =>
    layer === own ? withFiles(layer, new Map([[PORTFOLIOS, undefined]])) : layer,
  )
  const path = `catalog/${family}/workflow.yml`
  const text = layers.find(({ name }) => name === 'repository')?.files.get(path) ?? ''
  const texts = new Map([[path, text], ...promptFiles(family, found.baseline, [])])
  return added(
    { ...organisation, layers: unpaid },
    offering,
    own,
    found.baseline,
    texts,
    new Map([['', found.baseline]]),
  )
}

/** The same text under the same name in both layers needs no copy. */
function promptFiles(
  family: string,
  { prompts }: CatalogWorkflow,
  theirs: readonly CatalogWorkflow[],
): [string, string][] {
  return Object.entries(prompts)
    .filter(([file, text]) => !theirs.some((workflow) => workflow.prompts[file] === text))
    .map(([file, text]) => [`catalog/${family}/${file}`, text])
}

/** Nothing that stands there may change by what comes: a file of the same name with another text is a problem. */
function added(
  organisation: Declaring,
  offering: Offering,
  own: Layer,
  workflow: CatalogWorkflow,
  texts: ReadonlyMap<string, string>,
  meant: ReadonlyMap<string, CatalogWorkflow>,
): CatalogChange | NotPossible {
  const wanted = new Map([...texts, ...agentFiles(offering, workflow)])
  const files = changesTo(own, wanted)
  const other = [...files.keys()].find((path) => own.files.has(path))
  if (other !== undefined) {
    return { problem: `The organisation’s catalog has a file ${other} with another text; give this one another name.` }
  }
  return proved(organisation, offering.family, { files, ejected: false, rewritten: [] }, meant)
}

/** Agents that the repository declares itself, and their skills. */
function agentFiles({ layers, configuration }: Offering, { steps }: CatalogWorkflow): [string, string][] {
  const own = layers.find(({ name }) => name === 'repository')
  const named = steps.flatMap((step) => ('agent' in step ? [step.agent] : []))
  const agents = [...withDelegates(named, configuration)].filter(
    (name) => configuration.agents.get(name)?.layer === 'repository',
  )
  const skills = agents.flatMap((name) => configuration.agents.get(name)?.skills ?? [])
  const isTheirs = (path: string) =>
    agents.some((name) => path === `catalog/agents/${name}.agent.md`) ||
    skills.some((name) => path.startsWith(`catalog/skills/${name}/`))
  return [...(own?.files ?? [])].filter(([path]) => isTheirs(path))
}
