/**
 * Writes what `docs/catalog` says of each built-in workflow out of its declaration; what people wrote around it stays.
 * With `--check` it compares and exits 1 when a page is stale or missing.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { readBuiltInLayer } from '../catalog/built-in.ts'
import { readCatalog } from '../core/config/catalog.ts'
import { familySection, indexSection } from './catalog-page.ts'

const FOLDER = new URL('../docs/catalog/', import.meta.url)
const SECTION = /(<!-- catalog:begin[^>]*-->\n)[\s\S]*?(<!-- catalog:end -->)/
const EMPTY = '<!-- catalog:begin: written by `npm run generated` from catalog/ -->\n<!-- catalog:end -->\n'

/** File below `docs/catalog` -> the page as it has to be. */
export function catalogPages(): ReadonlyMap<string, string> {
  const { families, agents } = readCatalog([readBuiltInLayer()])
  const tools = new Map([...agents].map(([name, { agent }]) => [name, agent]))
  return new Map([
    ['README.md', pageWith('README.md', 'The built-in catalog', indexSection([...families.values()]))],
    ...[...families.values()].map((family): [string, string] => {
      const file = `${family.name}.md`
      return [file, pageWith(file, `\`${family.name}\``, familySection(family, tools))]
    }),
  ])
}

function pageWith(file: string, title: string, section: string): string {
  const page = written(file) || `# ${title}\n\n${EMPTY}`
  return page.replace(SECTION, (_, begin: string, end: string) => `${begin}\n${section}\n\n${end}`)
}

function written(file: string): string {
  return readFileSync(new URL(encodeURIComponent(file), FOLDER), { encoding: 'utf8', flag: 'a+' })
}

if (import.meta.main) {
  for (const [file, page] of catalogPages()) {
    if (!process.argv.includes('--check')) writeFileSync(new URL(encodeURIComponent(file), FOLDER), page)
    else if (written(file) !== page) {
      console.error(`docs/catalog/${file} is stale; run \`npm run generated\``)
      process.exitCode = 1
    }
  }
}
