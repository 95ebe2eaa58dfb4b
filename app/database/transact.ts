/** The one place where a transaction is tried again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Prisma, type PrismaClient } from '../../prisma/client/client.ts'

/** How often a transaction is begun before its error stands. */
const ATTEMPTS_MAX = 5
const BACKOFF_MS = 20

/**
 * Runs `work` in one transaction, again from the start when it lost to another one: a deadlock, a serialization failure,
 * or a row that the other had inserted first. `work` must read what it decides on inside.
 */
export async function transact<T>(
  prisma: PrismaClient,
  work: (transaction: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await prisma.$transaction(work)
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !lostToAnother(error)) throw error
      await sleep(BACKOFF_MS * attempt * (0.5 + Math.random()))
    }
  }
}

/** unique_violation, serialization_failure, deadlock_detected. */
const LOST_STATES = new Set(['23505', '40001', '40P01'])

/** Where adapter-pg keeps PostgreSQL's own code, of Prisma's statements and of raw ones alike. */
const adapterError = z.object({ driverAdapterError: z.object({ cause: z.object({ originalCode: z.string() }) }) })

function lostToAnother(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false
  const { data } = adapterError.safeParse(error.meta)
  return data !== undefined && LOST_STATES.has(data.driverAdapterError.cause.originalCode)
}
