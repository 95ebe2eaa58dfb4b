/** New files of the repository's layer: all of them or none, only where nothing is, and only if `purser check` passes. */
import { lstatSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Layer } from '../../core/config/configuration.ts'
import { PORTFOLIOS } from '../../core/config/settings.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import { type Checkout, errorLines, loadLayers } from '../checkout.ts'
import { LAYER_FOLDER } from '../layers.ts'
import { leadsOut, linkedOut } from '../links.ts'
import { wrongFolder } from '../places.ts'
import { ownAction } from './own-action.ts'
import { schemasOf } from './starter.ts'
import { writeWhole } from './write-whole.ts'

export interface LayerFiles {
  /** Path below `.github/purser` -> text. */
  readonly added: ReadonlyMap<string, string>
  /** The new text of `portfolios.yml`, where it changes. */
  readonly portfolios?: string | undefined
}

/** Answers the paths written, from the repository's root. */
export function writeLayerFiles(checkout: Checkout, { added, portfolios }: LayerFiles): readonly string[] | Refusal {
  const { root } = checkout
  const texts = new Map([...added, ...(portfolios === undefined ? [] : [[PORTFOLIOS, portfolios] as const])])
  const places = [...texts].map(([path, text]) => ({ path, text, file: join(root, LAYER_FOLDER, path) }))
  for (const { path, file } of places) {
    const misplaced = wrongFolder(root, dirname(`${LAYER_FOLDER}/${path}`))
    if (misplaced !== undefined) return misplaced
    if (leadsOut(file, root)) return linkedOut(`${LAYER_FOLDER}/${path}`)
    if (added.has(path) && lstatSync(file, { throwIfNoEntry: false })) {
      return refuse('already-there', `${LAYER_FOLDER}/${path} is there already.`)
    }
  }
  const loaded = loadLayers(layersWith(checkout.layers, texts), checkout.keptPrices)
  if ('problems' in loaded) {
    const lines = ['Nothing was written, since this would have problems:', ...errorLines(loaded.problems)]
    return refuse('configuration-invalid', lines.join('\n'), 'Mend what it names, or choose another name or portfolio.')
  }
  writeWhole(places.map((place) => ({ ...place, path: `${LAYER_FOLDER}/${place.path}`, isNew: added.has(place.path) })))
  return places.map(({ path }) => `${LAYER_FOLDER}/${path}`)
}

function layersWith(layers: readonly Layer[], texts: ReadonlyMap<string, string>): Layer[] {
  return layers.map((layer) =>
    layer.name === 'repository' ? { ...layer, files: new Map([...layer.files, ...texts]) } : layer,
  )
}

/** Where the repository's own files say that the JSON Schemas lie, else where this Purser's do. */
export function schemasNamedIn({ layers }: Pick<Checkout, 'layers'>): string {
  const text = layers.at(-1)?.files.get(PORTFOLIOS) ?? ''
  return /\$schema=(\S+)\/portfolios\.schema\.json/.exec(text)?.[1] ?? schemasOf(ownAction())
}
