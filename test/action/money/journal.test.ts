/** A journal that ends anywhere: what the process had written when it was killed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createJournal, openJournal, readJournal } from '../../../action/money/journal.ts'
import { Purse } from '../../../action/money/purse.ts'
import type { CallOutcome } from '../../../core/money/meter.ts'

const price = { input: 1_000_000n, cached: 100_000n, output: 4_000_000n, tiers: [], source: 'a test' }
const usage = { inputTokens: 900, cachedTokens: 100, outputTokens: 50, reasoningTokens: 0 }
const outcomes: CallOutcome[] = [{ kind: 'reported', usage }, { kind: 'unknown' }, { kind: 'unbilled' }]

it('never tells less than was spent, at whichever byte it ends', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'purser-journal-'))
  const file = join(dir, 'journal.jsonl')
  const journal = openJournal(file)
  const purse = new Purse({ capMicroUsd: 10_000_000n, drawnMicroUsd: 10_000_000n }, journal)
  /** How long the journal was when each call was sent, so that it may have been charged from there on. */
  const sent: { readonly bytes: number; readonly spentMicroUsd: bigint }[] = []
  for (const outcome of outcomes) {
    const granted = await purse.reserve('étape', 'm', {
      price,
      inputTokensBound: 1_000,
      wrapUpInputTokensBound: 1_100,
      purpose: 'work',
    })
    if ('limit' in granted) throw new Error(`no room: ${granted.limit}`)
    const bytes = readFileSync(file).length
    sent.push({ bytes, spentMicroUsd: purse.post(granted, outcome).spentMicroUsd })
  }
  journal.close()
  const whole = readFileSync(file)
  for (let end = 0; end <= whole.length; end += 1) {
    writeFileSync(file, whole.subarray(0, end))
    const charged = sent.filter((call) => call.bytes <= end).map((call) => call.spentMicroUsd)
    const told = (readJournal(file) ?? []).map((call) => call.spentMicroUsd)
    expect(told.length).toBeGreaterThanOrEqual(charged.length)
    for (const [index, spent] of charged.entries()) expect(told[index]).toBeGreaterThanOrEqual(spent)
  }
  writeFileSync(file, whole)
  expect(readJournal(file)?.map((call) => call.spentMicroUsd)).toEqual(sent.map((call) => call.spentMicroUsd))
  rmSync(dir, { recursive: true })
})

it('says nothing where it is lost, and that no call was sent where it is empty', () => {
  const dir = mkdtempSync(join(tmpdir(), 'purser-journal-'))
  const file = join(dir, 'journal.jsonl')
  expect(readJournal(file)).toBeUndefined()
  createJournal(file)
  expect(readJournal(file)).toEqual([])
  rmSync(dir, { recursive: true })
})
