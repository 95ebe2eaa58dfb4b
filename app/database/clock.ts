/** Leases, and all else that the sweep goes by, run on the database's clock: a runner's or an App's may be a day off, and there may be several Apps. */
import { Prisma } from '../../prisma/client/client.ts'

/** The moment a lease taken or extended now ends. `clock_timestamp()`, since `now()` stands still within a transaction. */
export function leaseUntil(seconds: number): Prisma.Sql {
  return Prisma.sql`clock_timestamp() + make_interval(secs => ${seconds})`
}

/** Whether a run's lease is over. */
export const leaseIsOver = Prisma.sql`lease_until < clock_timestamp()`

type Stamp =
  | 'at'
  | 'show_after'
  | 'look_after'
  | 'sweep_after'
  | 'delivering_until'
  | 'approve_until'
  | 'read_after'
  | 'reserved_at'
  | 'received_at'
  | 'handled_at'
  | 'schedules_read_at'

/** Whether a stamp lies so many seconds back. `statement_timestamp()`, since no index is searched by a clock that goes on. */
export function isPast(stamp: Stamp, seconds = 0): Prisma.Sql {
  return Prisma.sql`${Prisma.raw(stamp)} < statement_timestamp() - make_interval(secs => ${seconds})`
}
