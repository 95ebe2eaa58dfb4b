/** When something happened on GitHub, in the App's time. */
import type { Parts } from '../parts.ts'

/**
 * So long ago as the database's clock says, since the App's may be a day off. GitHub's times are whole seconds, so that what
 * has just happened is never taken to lie before what came ahead of it. Now where GitHub says no time.
 */
export async function whenWas(parts: Parts, time: string | null | undefined): Promise<Date> {
  const now = parts.now()
  if (!time) return now
  const [row] = await parts.prisma.$queryRaw<{ seconds: number }[]>`
    SELECT extract(epoch FROM clock_timestamp() - ${time}::timestamptz)::float8 AS seconds`
  return new Date(now.getTime() - Math.max(0, (row?.seconds ?? 0) - 1) * 1000)
}
