/**
 * What a decision changes in a repository's own layer, as texts: a variant becomes the baseline and the old baseline a
 * variant, or a variant leaves. Nothing else may change by it, so the result is resolved and compared before anybody sees it.
 */
import { isSame } from '../canonical.ts'
import type { CatalogWorkflow, Configuration, Family, Layer } from '../config/configuration.ts'
import { readYaml, writeYaml } from '../config/document.ts'
import { loadConfiguration } from '../config/load.ts'
import { layOver } from '../config/overlay.ts'
import { type OverlayHead, overlayBetween } from '../config/overlay-between.ts'
import { formatProblem } from '../config/problem.ts'
import { rewriteYaml } from '../config/rewrite.ts'
import type { Workflow } from '../config/workflow.ts'
import { isMapping } from '../mapping.ts'
import { usdDecimal } from '../money/money.ts'

type Written = Record<string, unknown>
type Credit = NonNullable<Workflow['credit']>

/** Path below the layer's root -> text; `undefined` takes the file away. Only what really changes. */
export type FileChanges = ReadonlyMap<string, string | undefined>

export interface CatalogChange {
  readonly files: FileChanges
  /** Whether the family was copied into the repository's layer for it. */
  readonly ejected: boolean
  /** Variants whose overlays were written anew, so that they still mean what they meant over the old baseline. */
  readonly rewritten: readonly string[]
}

export interface NotPossible {
  /** In a sentence. */
  readonly problem: string
}

export interface Promoting {
  readonly family: string
  readonly variant: string
  /** The name that the old baseline goes on under, and its squad where it had been a variant of one. */
  readonly keepAs: string
  readonly keepSquad?: string | undefined
  /** The new baseline's, whole. */
  readonly credit: Credit
  /** Left as it is when absent. */
  readonly capMicroUsd?: bigint | undefined
}

/** A repository's layers, lowest first, and the day by which what ends is judged. */
export interface Declaring {
  readonly layers: readonly Layer[]
  readonly today: string
}

export function changeBaseline(declaring: Declaring, order: Promoting): CatalogChange | NotPossible {
  const found = findFamily(declaring, order.family)
  if ('problem' in found) return found
  const { family, baseline } = found
  const variant = family.variants.get(order.variant)
  if (!variant || !isMapping(variant.merged)) return gone(order)
  if (family.variants.has(order.keepAs)) return { problem: `There is a variant ${order.keepAs} already.` }
  const merged = withHeader(variant.merged, order)
  const others = [...family.variants.values()].filter(({ name }) => name !== order.variant)
  const rewritten: string[] = []
  const overlays = others.map(({ name, overlay, merged: meant, source }): [string, string] => {
    const text = isMapping(meant) ? relaid(merged, meant, source, overlay) : source
    if (text !== source) rewritten.push(name)
    return [name, text]
  })
  const kept = overlayBetween(merged, baseline.written, { summary: family.baseline.summary, squad: order.keepSquad })
  const texts = new Map([
    [`catalog/${order.family}/workflow.yml`, rewriteYaml(withoutSchema(baseline.text, found), merged)],
    ...[...overlays, [order.keepAs, writeYaml(kept)] as const].map(([name, text]) =>
      overlayFile(order.family, name, text),
    ),
  ])
  const workflows = [variant.workflow, family.baseline, ...others.map(({ workflow }) => workflow)]
  const change = inOwnLayer(found, texts, workflows)
  if ('problem' in change) return change
  const cap =
    order.capMicroUsd === undefined ? variant.workflow.cap : { ...variant.workflow.cap, usd: order.capMicroUsd }
  const meant = new Map<string, CatalogWorkflow>([
    ['', { ...variant.workflow, cap }],
    [order.keepAs, family.baseline],
    ...others.map(({ name, workflow }): [string, CatalogWorkflow] => [name, workflow]),
  ])
  return proved(declaring, order.family, { ...change, rewritten }, meant)
}

export function withoutVariant(
  declaring: Declaring,
  order: { readonly family: string; readonly variant: string },
): CatalogChange | NotPossible {
  const found = findFamily(declaring, order.family)
  if ('problem' in found) return found
  const { family, baseline } = found
  const variant = family.variants.get(order.variant)
  if (!variant) return gone(order)
  const others = [...family.variants.values()].filter(({ name }) => name !== order.variant)
  const meant = new Map<string, CatalogWorkflow>([
    ['', family.baseline],
    ...others.map(({ name, workflow }): [string, CatalogWorkflow] => [name, workflow]),
  ])
  // Where its overlay stands in the repository, taking that away is all; a lower layer's can only be left out of a copy.
  const isOwn = variant.layer === 'repository'
  const texts = new Map(
    isOwn
      ? []
      : [
          [`catalog/${order.family}/workflow.yml`, withoutSchema(baseline.text, found)] as const,
          ...others.map(({ name, source }) => overlayFile(order.family, name, source)),
        ],
  )
  const change = isOwn ? onlyWithout(found, order, [...meant.values()]) : inOwnLayer(found, texts, [...meant.values()])
  if ('problem' in change) return change
  return proved(declaring, order.family, { ...change, rewritten: [] }, meant)
}

/** Adds a variant to the family, of whichever layer that is. `meant`: what its overlay has to come to over the baseline. */
export function withVariant(
  declaring: Declaring,
  order: { readonly family: string; readonly variant: string; readonly overlay: string },
  meant: (baseline: CatalogWorkflow) => CatalogWorkflow,
): CatalogChange | NotPossible {
  const { variant, overlay } = order
  const found = findFamily(declaring, order.family)
  if ('problem' in found) return found
  const { family, own } = found
  if (family.variants.has(variant)) return { problem: `There is a variant ${family.name}/${variant} already.` }
  const wanted = meant(family.baseline)
  const does = (workflow: CatalogWorkflow) => comparable({ ...workflow, summary: '' })
  const same = [...family.variants.values()].find(({ workflow }) => isSame(does(workflow), does(wanted)))
  if (same) return { problem: `The variant ${family.name}/${same.name} says the same already.` }
  const files = changesTo(own, new Map([overlayFile(family.name, variant, overlay)]))
  const all = new Map<string, CatalogWorkflow>([
    ['', family.baseline],
    [variant, wanted],
    ...[...family.variants.values()].map(({ name, workflow }): [string, CatalogWorkflow] => [name, workflow]),
  ])
  return proved(declaring, family.name, { files, ejected: false, rewritten: [] }, all)
}

interface Found {
  readonly family: Family
  readonly own: Layer
  readonly baseline: { readonly text: string; readonly written: Written }
}

export function findFamily({ layers, today }: Declaring, name: string): Found | NotPossible {
  const own = layers.find((layer) => layer.name === 'repository')
  const family = configurationOf(layers, today)?.families.get(name)
  const text = layers.find((layer) => layer.name === family?.layer)?.files.get(`catalog/${name}/workflow.yml`)
  if (!own || !family || text === undefined) return { problem: `There is no workflow ${name} any more.` }
  const source = readYaml(family.file, text)
  if ('problems' in source || !isMapping(source.value)) return { problem: `${family.file} can’t be read.` }
  return { family, own, baseline: { text, written: source.value } }
}

function gone({ family, variant }: { readonly family: string; readonly variant: string }): NotPossible {
  return { problem: `There is no variant ${family}/${variant} any more.` }
}

function withHeader(merged: Written, { credit, capMicroUsd }: Promoting): Written {
  const cap =
    isMapping(merged.cap) && capMicroUsd !== undefined ? { ...merged.cap, usd: asNumber(capMicroUsd) } : merged.cap
  const { credit: _, ...rest } = merged
  return { ...rest, cap, ...(credit.length === 0 ? {} : { credit }) }
}

/** Dollars as they are written in YAML; amounts of a cap have few digits, which a number holds exactly. */
function asNumber(microUsd: bigint): number {
  return Number(usdDecimal(microUsd))
}

/** The overlay itself where it still means the same over the new baseline; else one that does. */
export function relaid(baseline: Written, meant: Written, source: string, head: OverlayHead): string {
  const written = readYaml('overlay', source)
  const laid = 'problems' in written || !isMapping(written.value) ? undefined : layOver(baseline, written.value)
  if (laid?.findings.length === 0 && isSame(laid.value, meant)) return source
  return writeYaml(overlayBetween(baseline, meant, head))
}

/** The line that tells an editor where the schema lies points nowhere once the file is copied. */
function withoutSchema(text: string, { family }: Found): string {
  return family.layer === 'repository' ? text : text.replace(/^# yaml-language-server:.*\n/, '')
}

export function overlayFile(family: string, variant: string, text: string): [string, string] {
  return [`catalog/${family}/variants/${variant}.yml`, text]
}

/** The family as the repository's own: these texts, the prompts that its workflows name, and no other overlay. */
function inOwnLayer(
  { family, own }: Found,
  texts: ReadonlyMap<string, string>,
  workflows: readonly CatalogWorkflow[],
): Omit<CatalogChange, 'rewritten'> | NotPossible {
  const prompts = promptsOf(family.name, workflows)
  if ('problem' in prompts) return prompts
  const wanted = new Map<string, string | undefined>([...texts, ...prompts.files])
  const folder = `catalog/${family.name}/variants/`
  for (const path of own.files.keys()) if (path.startsWith(folder) && !wanted.has(path)) wanted.set(path, undefined)
  return { files: changesTo(own, wanted), ejected: family.layer !== 'repository' }
}

/** Takes the overlay away, and the prompts that nothing else names. */
function onlyWithout(
  { family, own }: Found,
  { variant }: { readonly variant: string },
  workflows: readonly CatalogWorkflow[],
): Omit<CatalogChange, 'rewritten'> {
  const named = new Set(workflows.flatMap(({ prompts }) => Object.keys(prompts)))
  const orphans = Object.keys(family.variants.get(variant)?.workflow.prompts ?? {}).filter((file) => !named.has(file))
  const paths = [`variants/${variant}.yml`, ...orphans].map((file) => `catalog/${family.name}/${file}`)
  return { files: changesTo(own, new Map(paths.map((path) => [path, undefined]))), ejected: false }
}

function promptsOf(family: string, workflows: readonly CatalogWorkflow[]): { files: [string, string][] } | NotPossible {
  const texts = new Map<string, string>()
  for (const [file, text] of workflows.flatMap(({ prompts }) => Object.entries(prompts))) {
    if ((texts.get(file) ?? text) !== text) {
      return {
        problem: `The prompt file ${file} has two texts, one for each layer that has it; give one of them another name.`,
      }
    }
    texts.set(file, text)
  }
  return { files: [...texts].map(([file, text]) => [`catalog/${family}/${file}`, text]) }
}

export function changesTo(own: Layer, wanted: ReadonlyMap<string, string | undefined>): FileChanges {
  return new Map([...wanted].filter(([path, text]) => !isAsBefore(own.files.get(path), text)))
}

/** A prompt is read without its carriage returns; that alone is no change. */
function isAsBefore(before: string | undefined, after: string | undefined): boolean {
  return before === after || before?.replace(/^\ufeff/, '').replaceAll('\r\n', '\n') === after
}

/** Resolves what the repository would declare then: every workflow of the family must be the one that is meant. */
export function proved(
  { layers, today }: Declaring,
  name: string,
  change: CatalogChange,
  meant: ReadonlyMap<string, CatalogWorkflow>,
): CatalogChange | NotPossible {
  const after = layers.map((layer) => (layer.name === 'repository' ? withFiles(layer, change.files) : layer))
  const loaded = loadConfiguration(after, today)
  if ('problems' in loaded) {
    const [first] = loaded.problems.filter(({ severity }) => severity === 'error')
    return { problem: `What it would come to has a problem: ${first ? formatProblem(first) : 'unknown'}.` }
  }
  const family = loaded.configuration.families.get(name)
  const now = new Map([
    ['', family?.baseline],
    ...[...(family?.variants ?? [])].map(([variant, { workflow }]) => [variant, workflow] as const),
  ])
  const wrong = [...new Set([...meant.keys(), ...now.keys()])].find(
    (variant) => !isSame(comparable(meant.get(variant)), comparable(now.get(variant))),
  )
  if (wrong === undefined) return change
  return {
    problem: `An overlay can’t say all that makes up ${wrong === '' ? 'the new baseline' : `${name}/${wrong}`}.`,
  }
}

/** Credit says who worked a baseline out and changes nothing that it does. */
function comparable(workflow: CatalogWorkflow | undefined): unknown {
  if (workflow === undefined) return undefined
  const { credit: _, ...rest } = workflow
  return rest
}

export function withFiles(layer: Layer, changes: FileChanges): Layer {
  const files = new Map(layer.files)
  for (const [path, text] of changes) {
    if (text === undefined) files.delete(path)
    else files.set(path, text)
  }
  return { ...layer, files }
}

function configurationOf(layers: readonly Layer[], today: string): Configuration | undefined {
  const loaded = loadConfiguration(layers, today)
  return 'configuration' in loaded ? loaded.configuration : undefined
}
