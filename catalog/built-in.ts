/**
 * What comes with Purser: the lowest layer of every catalog, and the kept price list. Both lie beside this file;
 * whoever bundles this code says in `folder` where.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Layer } from '../core/config/configuration.ts'
import { type PriceList, parseKeptPrices } from '../core/money/prices.ts'

/** The paths of its workflows, prompts and agents below the folder, with `/` in them, sorted. */
export function listBuiltIn(folder: string = import.meta.dirname): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => /\.(md|yml)$/.test(name))
    .map((name) => name.split(sep).join('/'))
    .sort()
}

/** `paths`: those to read, where it is known that no others are needed. */
export function readBuiltInLayer(
  folder: string = import.meta.dirname,
  paths: readonly string[] = listBuiltIn(folder),
): Layer {
  const files = paths.map((path): [string, string] => [`catalog/${path}`, readFileSync(join(folder, path), 'utf8')])
  return { name: 'built-in', root: 'purser', files: new Map(files) }
}

/** Model -> price. */
export function readKeptPrices(folder: string = import.meta.dirname): PriceList {
  return parseKeptPrices(readFileSync(join(folder, 'prices.json'), 'utf8'))
}
