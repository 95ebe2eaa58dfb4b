/** Looks at the accounts over a connection of its own, again and again, and keeps what should never be seen. */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const PAUSE_MS = 20

/** In one statement, and so at one moment: no account above its ceiling, each the sum of its entries and of its holds. */
const WRONG = `
  SELECT account.name, account.budget, account.ceiling, account.spent, account.held, account.overage
  FROM account
  LEFT JOIN LATERAL (
    SELECT sum(budget_change) AS budget, sum(held_change) AS held, sum(spent_change) AS spent
    FROM entry WHERE account_id = account.id
  ) AS entered ON true
  LEFT JOIN LATERAL (
    SELECT coalesce(sum(amount), 0) AS held FROM hold WHERE account_id = account.id AND state = 'held'
  ) AS holding ON true
  WHERE account.spent + account.held > account.ceiling OR account.spent < 0 OR account.held < 0
    OR account.budget <> entered.budget OR account.held <> entered.held OR account.spent <> entered.spent
    OR account.held <> holding.held OR account.overage <> 0`

export interface Watch {
  /** Ends it; how often it looked, and what was wrong. */
  stop(): Promise<{ readonly looks: number; readonly wrong: readonly object[] }>
}

export async function watchAccounts(connectionString: string): Promise<Watch> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const wrong: object[] = []
  let [looks, isStopped] = [0, false]
  const watching = (async () => {
    while (!isStopped) {
      wrong.push(...(await client.query<object>(WRONG)).rows)
      looks += 1
      await sleep(PAUSE_MS)
    }
    await client.end()
  })()
  return {
    async stop() {
      isStopped = true
      await watching
      return { looks, wrong }
    },
  }
}
