/** What accepted runs of each workflow have cost lately, out of the App's ledger. */
import { acceptedLately } from '../../app/run/accepted.ts'
import type { Configuration } from '../../core/config/configuration.ts'
import type { AcceptedLately } from '../../core/text/accepted-line.ts'
import { openLedger, repositoryIn } from './ledger.ts'

export async function readAcceptedLately(
  configuration: Configuration,
  named: string | undefined,
): Promise<{ readonly accepted: ReadonlyMap<string, AcceptedLately> } | { readonly problem: string }> {
  const database = await openLedger()
  if (typeof database === 'string') return { problem: database }
  try {
    const repository = await repositoryIn(database, named)
    if ('problem' in repository) return repository
    const accepted = new Map<string, AcceptedLately>()
    for (const family of configuration.families.keys()) {
      const side = { repositoryId: repository.id, family, variant: null }
      accepted.set(family, await acceptedLately(database.prisma, configuration, side, new Date()))
    }
    return { accepted }
  } finally {
    await database.close()
  }
}
