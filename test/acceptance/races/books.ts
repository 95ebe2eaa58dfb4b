/** What the books must say once the racing is over, by what the processes had been told. */
import { expect } from 'vitest'
import type { Database } from '../../../app/database/open.ts'
import { auditLedger } from '../../../app/ledger/audit.ts'
import { openLedger } from '../../../app/ledger/ledger.ts'
import { reserve } from '../../../app/ledger/reserve.ts'
import { settle } from '../../../app/ledger/settle.ts'
import { granted, NOW } from '../../app/ledger/scene.ts'
import { reportFor, requestOf } from './asked.ts'
import { factsOf, type Racer } from './process.ts'

/** Everything that was acknowledged, asked for again by the same keys, gives its first result and changes nothing. */
export async function expectKept(database: Database, racers: readonly Pick<Racer, 'facts'>[]): Promise<void> {
  const { prisma } = database
  const ledger = openLedger(database)
  const entries = await prisma.entry.count()
  const reserved = factsOf(racers, 'reserved')
  for (const { key, runId, held } of reserved) {
    const again = granted(await reserve(ledger, requestOf(key)))
    expect({ key, runId: again.run.id, held: `${again.heldMicroUsd}`, repeated: again.repeated }).toEqual({
      key,
      runId,
      held,
      repeated: true,
    })
  }
  for (const { key, runId, epoch, held, spent } of factsOf(racers, 'settled')) {
    const report = reportFor(key, BigInt(held))
    const again = granted(await settle(ledger, { runId, epoch, report, now: NOW }))
    expect({ key, spent: `${again.spentMicroUsd}`, repeated: again.repeated }).toEqual({ key, spent, repeated: true })
  }
  for (const { key, runId } of factsOf(racers, 'released')) {
    expect({ key, ...(await stateOf(database, runId)) }).toEqual({ key, state: 'ended', spentMicroUsd: 0n })
  }
  expect(await prisma.entry.count()).toBe(entries)
  await ledger.close()
}

function stateOf({ prisma }: Database, id: string) {
  return prisma.run.findUniqueOrThrow({ where: { id }, select: { state: true, spentMicroUsd: true } })
}

/** What `purser audit` looks at and finds: all in order. */
export async function expectAuditClean({ connectionString }: Pick<Database, 'connectionString'>): Promise<void> {
  const audited = await auditLedger(connectionString)
  expect(audited.findings).toEqual([])
  expect(audited.accounts).toBeGreaterThan(0)
}
