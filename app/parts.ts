/** What the stations of the line share. Made once in `start.ts`. */
import type { PriceList } from '../core/money/prices.ts'
import type { PrismaClient } from '../prisma/client/client.ts'
import type { ReadConfiguration } from './declared/configuration.ts'
import type { Octokit } from './github.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Logger } from './log.ts'
import type { Turn } from './queue/line.ts'

export interface Parts {
  readonly prisma: PrismaClient
  readonly ledger: Ledger
  readonly appId: number
  /** A client that acts as one installation of the App. */
  octokitOf(installationId: bigint): Promise<Octokit>
  /** A client that acts as the App itself, which may only ask about its installations. */
  octokitOfApp(): Promise<Octokit>
  /** The login that GitHub shows what the App makes under; asked once. */
  readonly self: () => Promise<string>
  readonly readConfiguration: ReadConfiguration
  readonly keptPrices: PriceList
  /** The time of day for periods, outcomes and texts. */
  now(): Date
  /** Milliseconds since runners can be heard, the App and its database both there; on a clock that nobody turns. */
  upMs(): number
  /** Where people find the repositories: `https://github.com`. */
  readonly siteUrl: string
  /** Asks that GitHub be shown the run as the database has it; soon, at least once, also across a restart. */
  showLater(runId: string, progress?: Progress): Promise<void>
  /** Gives what waits on a subject its turn, in line with the repository's webhooks; nothing where nothing waits. */
  turnLater(subject: Turn): Promise<void>
  readonly log: Logger
}

/** What a running job last told of itself; shown, never counted. */
export interface Progress {
  readonly step?: string | undefined
  readonly spentMicroUsd: bigint
}
