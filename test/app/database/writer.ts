/** `node writer.ts FOLDER`: holds the embedded database and writes until it is killed, saying each row once it is kept. */
import { openDatabase } from '../../../app/database/open.ts'

const ROWS_MAX = 100_000
const [dataDir = ''] = process.argv.slice(2)
const { prisma } = await openDatabase({ dataDir })
for (let id = 1; id <= ROWS_MAX; id += 1) {
  await prisma.repository.create({
    data: { id: BigInt(id), owner: 'acme', name: `shop-${id}`, installationId: 1n, defaultBranch: 'main' },
  })
  process.stdout.write(`${id}\n`)
}
