/** Reading the whole ledger at one moment, in bounded memory, while others may go on writing. */
import pg from 'pg'

export interface Snapshot {
  query(sql: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Row after row; `rowsAtOnce` are held in memory. */
  stream(sql: string, rowsAtOnce: number): AsyncGenerator<Readonly<Record<string, unknown>>>
}

/** Runs `work` in one transaction that sees the database as it is now and can't change it. Moments come out in UTC. */
export async function inSnapshot<T>(connectionString: string, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString })
  // Whoever waits for an answer is told; as an event that nobody hears it would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await client.query("SET LOCAL TimeZone = 'UTC'")
    const result = await work(snapshotOf(client))
    await client.query('COMMIT')
    return result
  } finally {
    // Ends the transaction too, where `work` threw.
    await client.end()
  }
}

/** What a transaction that is under way sees. */
export function snapshotOf(client: pg.ClientBase): Snapshot {
  let cursors = 0
  return {
    async query(sql, values = []) {
      return (await client.query<Record<string, unknown>>(sql, [...values])).rows
    },
    async *stream(sql, rowsAtOnce) {
      cursors += 1
      const cursor = `cursor_${cursors}`
      await client.query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`)
      for (;;) {
        const { rows } = await client.query<Record<string, unknown>>(`FETCH ${rowsAtOnce} FROM ${cursor}`)
        yield* rows
        if (rows.length < rowsAtOnce) break
      }
      await client.query(`CLOSE ${cursor}`)
    },
  }
}
