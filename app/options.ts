import type { LogOptions } from './log.ts'

/** What `startApp` takes. Only the first three are needed; the rest has defaults for a trial on this machine. */
export interface AppOptions {
  readonly appId: number
  /** PEM. */
  readonly privateKey: string
  readonly webhookSecret: string
  /** The address of GitHub's REST API; `https://api.github.com` when left out. */
  readonly githubUrl?: string | undefined
  /** 0 takes any free port. */
  readonly port?: number | undefined
  /** The interface to listen on; this machine only when left out. */
  readonly host?: string | undefined
  /** A PostgreSQL server; else the embedded database is used. */
  readonly databaseUrl?: string | undefined
  /** The folder of the embedded database; in memory when left out. See `DatabaseOptions`. */
  readonly dataDir?: string | Blob | undefined
  /** Where people and jobs reach this App, when that is not where it listens. */
  readonly publicUrl?: string | undefined
  /** Whose tokens jobs may show; derived from `githubUrl` when left out. No environment variable sets this. */
  readonly oidcIssuers?: readonly string[] | undefined
  /** The time of day for periods, outcomes and texts. Leases go by the database's clock alone. */
  readonly clock?: (() => Date) | undefined
  /** Milliseconds since runners can be heard (`Parts`). For tests, which can't wait. */
  readonly upMs?: (() => number) | undefined
  /** Whether the sweep comes each minute by itself; true when left out. For tests, which say when. */
  readonly sweeps?: boolean | undefined
  readonly log?: LogOptions | undefined
  /** Whether to wait for GitHub's rate limits; true when left out. */
  readonly throttle?: boolean | undefined
}
