/** The App's way to GitHub: one Probot, whose octokits authenticate as the App or as one of its installations. */
import { Probot, ProbotOctokit } from 'probot'
import type { Logger } from './log.ts'

export type Octokit = InstanceType<typeof ProbotOctokit>

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

/** Where people see what the REST API at `githubUrl` serves. */
export function siteUrlOf(githubUrl: string): string {
  const { protocol, host, origin } = new URL(githubUrl)
  return host.startsWith('api.') ? `${protocol}//${host.slice('api.'.length)}` : origin
}

/** Asks for the App's slug when that is first needed, and again where GitHub did not answer. After a rename until the restart, it is another's. */
export function askSelf(octokitOfApp: () => Promise<Octokit>): () => Promise<string> {
  let asked: Promise<string> | undefined
  const ask = async (): Promise<string> => {
    const { data } = await (await octokitOfApp()).rest.apps.getAuthenticated()
    if (!data?.slug) throw new Error('GitHub did not say what the App is called')
    return `${data.slug}[bot]`
  }
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = undefined
      throw error
    })
    return asked
  }
}
