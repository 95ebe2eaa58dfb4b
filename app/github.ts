/** The App's way to GitHub: one Probot, whose octokits authenticate as the App or as one of its installations. */
import { Probot, ProbotOctokit } from 'probot'
import type { Logger } from './log.ts'

export type Octokit = InstanceType<typeof ProbotOctokit>

/** A repository as GitHub's addresses name it. */
export interface RepositoryName {
  readonly owner: string
  readonly repo: string
}

export interface GitHubOptions {
  readonly appId: number
  readonly privateKey: string
  readonly webhookSecret: string
  /** The REST API's address. */
  readonly githubUrl: string
  /** Whether requests wait for GitHub's rate limits; off where nobody has any. */
  readonly throttle: boolean
}

/** Below `info` Probot logs whole webhook payloads and request bodies, which name people. */
const PROBOT_LEVEL = 'info'

export function createProbot(options: GitHubOptions, log: Logger): Probot {
  // Only the function form reaches past Probot's own defaults.
  const Quiet = ProbotOctokit.defaults((defaults: Record<string, unknown>) => ({
    ...defaults,
    throttle: { ...(typeof defaults.throttle === 'object' ? defaults.throttle : {}), enabled: false },
    retry: { enabled: false },
  }))
  return new Probot({
    appId: options.appId,
    privateKey: options.privateKey,
    secret: options.webhookSecret,
    baseUrl: options.githubUrl,
    log: log.child({}, { level: log.level === 'debug' ? PROBOT_LEVEL : log.level }),
    Octokit: options.throttle ? ProbotOctokit : Quiet,
  })
}

/** The status of GitHub's answer when `error` is one. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined
}

/** A "no" of GitHub's. No answer, a fault of its own, or a call for patience is none: that is tried again. */
export function isRefused(error: unknown): boolean {
  const status = statusOf(error)
  if (status === undefined || status >= 500 || status === 429) return false
  return !(status === 403 && /rate limit/i.test(String(error)))
}

/** GitHub said that there is no such thing, or that the App may not see it. */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404
}

/** Where people see what the REST API at `githubUrl` serves. */
export function siteUrlOf(githubUrl: string): string {
  const { protocol, host, origin } = new URL(githubUrl)
  return host.startsWith('api.') ? `${protocol}//${host.slice('api.'.length)}` : origin
}
