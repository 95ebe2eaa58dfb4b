/** The configuration as the rest of the program sees it: layers merged, variants overlaid, every rule checked. */
import type { PortfoliosFile } from './portfolios.ts'
import type { Problem } from './problem.ts'
import type { PromotionFile } from './promotion.ts'
import type { Skill } from './skill.ts'
import type { AgentFrontMatter, Variant, Workflow } from './workflow.ts'

export type LayerName = 'built-in' | 'organisation' | 'repository'

/** The texts of one layer. Whoever reads them (a folder, git, GitHub's API) bounds their number and size first. */
export interface Layer {
  readonly name: LayerName
  /** Where its files lie for a person, put before the paths in problems; `.github/purser` for a repository. */
  readonly root: string
  /** Path below the root (`portfolios.yml`, `catalog/review/workflow.yml`) -> text. */
  readonly files: ReadonlyMap<string, string>
  /** Of a repository that holds an organisation's layer: who inherits it may pay for what it declares and does not pay for. */
  readonly isShared?: boolean
}

/** Bounds that every reader of a layer keeps to. */
export const LAYER_FILES_MAX = 500
export const LAYER_FILE_BYTES_MAX = 200_000

/** A workflow with the texts its steps name. */
export interface CatalogWorkflow extends Workflow {
  /** Prompt file -> text. */
  readonly prompts: Readonly<Record<string, string>>
}

export interface CatalogVariant {
  readonly name: string
  /** A repository may lay variants over a workflow of a lower layer. */
  readonly layer: LayerName
  /** The overlay's file, for a person. */
  readonly file: string
  readonly overlay: Variant
  /** The overlay as written, which is what a promotion issue shows. */
  readonly source: string
  /** The baseline with the overlay laid over it. */
  readonly workflow: CatalogWorkflow
  /** The same as `workflow.yml` would have it, before defaults and units. */
  readonly merged: unknown
}

/** A family: one named workflow, its baseline and its variants. */
export interface Family {
  readonly name: string
  readonly layer: LayerName
  /** The file of its baseline, for a person. */
  readonly file: string
  readonly baseline: CatalogWorkflow
  readonly variants: ReadonlyMap<string, CatalogVariant>
}

export interface CatalogAgent extends AgentFrontMatter {
  readonly layer: LayerName
  readonly systemText: string
}

export interface Configuration {
  /** Whether the repository has a `portfolios.yml` at all. */
  readonly declared: boolean
  readonly portfolios: PortfoliosFile
  readonly promotion: PromotionFile
  readonly families: ReadonlyMap<string, Family>
  readonly agents: ReadonlyMap<string, CatalogAgent>
  readonly skills: ReadonlyMap<string, Skill>
  readonly warnings: readonly Problem[]
}
