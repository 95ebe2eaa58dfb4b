/** Reserves calls until the journal takes no more, and says how many would have been sent: `spender.ts FILE STEP`. */
import { openJournal } from '../../../action/money/journal.ts'
import { Purse } from '../../../action/money/purse.ts'

const [file = '', step = ''] = process.argv.slice(2)
const price = { input: 1_000_000n, cached: 100_000n, output: 4_000_000n, tiers: [], source: 'a test' }
const purse = new Purse({ capMicroUsd: 10_000_000n, drawnMicroUsd: 10_000_000n }, openJournal(file))
let sent = 0
try {
  for (;;) {
    const granted = await purse.reserve(step, 'm', {
      price,
      inputTokensBound: 1_000,
      wrapUpInputTokensBound: 1_100,
      purpose: 'work',
    })
    if ('limit' in granted) break
    sent += 1
  }
} catch {
  process.stdout.write(`${sent}`)
}
