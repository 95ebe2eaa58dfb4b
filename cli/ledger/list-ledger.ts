/** What accepted runs of each workflow, and of each portfolio that says why dear runs are right, have cost lately, out of the App's ledger. */
import { acceptedLately, portfolioLately } from '../../app/run/accepted.ts'
import type { Configuration } from '../../core/config/configuration.ts'
import type { AcceptedLately } from '../../core/text/accepted-line.ts'
import { openLedger, repositoryIn } from './ledger.ts'

export interface Lately {
  /** By workflow: of its baseline. */
  readonly accepted: ReadonlyMap<string, AcceptedLately>
  /** By portfolio. */
  readonly worth: ReadonlyMap<string, AcceptedLately>
}

export async function readAcceptedLately(
  configuration: Configuration,
  named: string | undefined,
): Promise<Lately | { readonly problem: string }> {
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
    const worth = new Map<string, AcceptedLately>()
    for (const [name, portfolio] of Object.entries(configuration.portfolios.portfolios)) {
      if (portfolio['high-cost'] === undefined) continue
      const key = { repositoryId: repository.id, name }
      worth.set(name, await portfolioLately(database.prisma, configuration, key, new Date()))
    }
    return { accepted, worth }
  } finally {
    await database.close()
  }
}
