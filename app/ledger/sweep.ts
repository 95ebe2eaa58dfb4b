/** What the App's schedule looks after: runs whose jobs vanished or never began. */
import type { PrismaClient } from '../../prisma/client/client.ts'

/** How many runs one sweep takes on; the next takes the rest. */
export const SWEEP_RUNS_MAX = 100

/** Ends claimed runs whose lease ran out (`failed`, `lost`), by the database's clock; returns their ids. */
export async function expireLost(prisma: PrismaClient, now: Date): Promise<readonly string[]> {
  throw new Error('not written yet')
}

/** Ends runs that were reserved or dispatched before `olderThan` and never claimed (`refused`, `never-started`); returns their ids. */
export async function abandonUnstarted(prisma: PrismaClient, olderThan: Date, now: Date): Promise<readonly string[]> {
  throw new Error('not written yet')
}
