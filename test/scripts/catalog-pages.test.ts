import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listBuiltIn, readBuiltInLayer } from '../../catalog/built-in.ts'
import { starterPortfolios } from '../../cli/write/starter.ts'
import { loadConfiguration } from '../../core/config/load.ts'
import { payerOf } from '../../core/money/payer.ts'
import { catalogPages } from '../../scripts/catalog-pages.ts'

const FOLDER = new URL('../../docs/catalog/', import.meta.url)

function load(portfolios: string) {
  const files = new Map([['portfolios.yml', portfolios]])
  const loaded = loadConfiguration(
    [readBuiltInLayer(), { name: 'repository', root: '.github/purser', files }],
    '2026-11-20',
    ['gpt-5-mini'],
  )
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  return loaded.configuration
}

/** The built-in workflows that nothing pays for. */
function notOffered(portfolios: string): string[] {
  const configuration = load(portfolios)
  expect(configuration.warnings).toEqual([])
  return [...configuration.families.keys()].filter((name) => !payerOf(configuration, name))
}

test('docs/catalog is what the catalog declares; `npm run generated` writes it', () => {
  const pages = catalogPages()
  expect(readdirSync(FOLDER).sort()).toEqual([...pages.keys()].sort())
  for (const [file, page] of pages) expect(readFileSync(new URL(encodeURIComponent(file), FOLDER), 'utf8')).toBe(page)
})

test('each page says what people need to know before they pay: its cap, what it hands over, what it guards', () => {
  for (const [file, page] of catalogPages()) {
    if (file === 'README.md') continue
    expect(page).toMatch(/\| costs \| never more than \$\d+\.\d\d;/)
    expect(page).toMatch(/\| hands over \| a /)
    expect(page).toContain('## What guards it\n\n- ')
  }
})

test('a page links only to files that are there', () => {
  const there = new Set(listBuiltIn())
  for (const page of catalogPages().values()) {
    for (const [, path = ''] of page.matchAll(/\]\(\.\.\/\.\.\/catalog\/([^)]+\.md)\)/g)) expect(there).toContain(path)
  }
})

test('the portfolios of the page, and those of the starter without comment signs, offer everything without a warning', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(catalogPages().get('README.md') ?? '') ?? []
  expect(notOffered(example)).toEqual([])
  expect(notOffered(starterPortfolios())).toEqual([])
})
