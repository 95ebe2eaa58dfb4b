/** A journal that ends anywhere: what the process had written when it was killed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createJournal, openJournal, readJournal } from '../../../action/money/journal.ts'
import { Purse } from '../../../action/money/purse.ts'
import type { CallOutcome } from '../../../core/money/meter.ts'

const SPENDER = fileURLToPath(new URL('spender.ts', import.meta.url))
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

it('has every call that was sent where the disk has room for a part of a line', () => {
  const dir = mkdtempSync(join(tmpdir(), 'purser-journal-'))
  for (const name of ['a', 'long', 'much longer', 'very, very much longer']) {
    const file = join(dir, `${name}.jsonl`)
    // Files of 1 KiB at most: what comes beyond is written in part, and then refused.
    const command = `ulimit -f 1; exec "$0" "$1" "$2" "$3"`
    const sent = execFileSync('bash', ['-c', command, process.execPath, SPENDER, file, name], { encoding: 'utf8' })
    expect(Number(sent)).toBeGreaterThan(0)
    expect(readJournal(file)?.length).toBeGreaterThanOrEqual(Number(sent))
  }
  rmSync(dir, { recursive: true })
})

it('keeps what comes after a line that was cut off', () => {
  const dir = mkdtempSync(join(tmpdir(), 'purser-journal-'))
  const file = join(dir, 'journal.jsonl')
  writeFileSync(file, '{"kind":"reserved","ca')
  const journal = openJournal(file)
  const purse = new Purse({ capMicroUsd: 10_000_000n, drawnMicroUsd: 10_000_000n }, journal)
  void purse.reserve('mend', 'm', { price, inputTokensBound: 1_000, wrapUpInputTokensBound: 1_100, purpose: 'work' })
  journal.close()
  expect(readJournal(file)).toHaveLength(1)
  rmSync(dir, { recursive: true })
})
