/**
 * Writes `catalog/prices.json`, the kept price list, out of `@pydantic/genai-prices` at the version pinned in
 * package.json. `npm run prices -- --date 2026-09-23` names the day that version was published; `--check` compares.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { findProvider } from '@pydantic/genai-prices'
import { priceEntry, pricesFrom } from './price-entry.ts'

const FILE = new URL('../catalog/prices.json', import.meta.url)
const PACKAGE = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

interface Offer {
  readonly provider: string
  readonly models: RegExp
  /** Whether its answers tell how much input was written into its cache. */
  readonly tellsWritten: boolean
}

/** Text models that take tools; what bills by image, audio or search is left out. */
const OFFERED: readonly Offer[] = [
  {
    provider: 'openai',
    models:
      /^(gpt-(4\.1|4o|5|5\.\d+|6)(-(mini|nano|luna|sol|terra|astra|codex|codex-mini))?|o3|o3-mini|o4-mini|gpt-oss-(20|120)b)$/,
    tellsWritten: false,
  },
  {
    provider: 'anthropic',
    models: /^claude-(fable-5(-1)?|opus-(4-[5-9]|5(-5)?)|sonnet-(4-[5-9]|5)|haiku-4-5)$/,
    tellsWritten: true,
  },
]

function main(): void {
  const check = process.argv.includes('--check')
  const kept = JSON.parse(readFileSync(FILE, { encoding: 'utf8', flag: 'a+' }) || '{"date":""}')
  const date = argument('--date') ?? kept.date
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date))
    throw new Error('no date; expected --date year-month-day; for example --date 2026-09-23')
  const source = `@pydantic/genai-prices ${PACKAGE.devDependencies['@pydantic/genai-prices']}`
  const text = `${JSON.stringify({ source, date, models: models(date) }, null, 2)}\n`
  if (!check) writeFileSync(FILE, text)
  else if (text !== readFileSync(FILE, 'utf8')) {
    console.error('catalog/prices.json is stale; run `npm run prices`')
    process.exitCode = 1
  }
}

function models(date: string): Record<string, object> {
  const found = OFFERED.flatMap((offer) => modelsOf(offer, date))
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function modelsOf(offer: Offer, date: string): [string, object][] {
  const provider = findProvider({ providerId: offer.provider })
  if (!provider) throw new Error(`the price package knows no provider "${offer.provider}"`)
  const found: [string, object][] = []
  for (const model of provider.models) {
    if (!offer.models.test(model.id)) continue
    const prices = pricesFrom(model.prices, date)
    if (!prices.some((listed) => listed.input_mtok && listed.output_mtok)) continue
    const entry = priceEntry(prices, offer.tellsWritten)
    for (const id of [model.id, ...exactNames(model.match)])
      if (!/search|audio|image/.test(id) && !found.some(([known]) => known === id)) found.push([id, entry])
  }
  return found
}

function exactNames(match: unknown): string[] {
  if (typeof match !== 'object' || match === null) return []
  if ('equals' in match && typeof match.equals === 'string') return [match.equals]
  if ('or' in match && Array.isArray(match.or)) return match.or.flatMap(exactNames)
  return []
}

function argument(flag: string): string | undefined {
  const index = process.argv.indexOf(flag)
  return index < 0 ? undefined : process.argv[index + 1]
}

main()
