/** The stage of the demo: GitHub, the model, the App and the small shop, all on this machine, and a clock to turn. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Octokit } from '@octokit/rest'
import type { GitHub, Model } from '../test/world/contract.ts'
import { startGitHub } from '../test/world/github.ts'
import { startModel } from '../test/world/model.ts'
import { untilQuiet } from '../test/world/quiet.ts'
import { createStandIn, type StandIn } from './quarter/stand-in.ts'
import { type LoadingApp, loadApp, type RunningApp } from './run-app.ts'
import { shopScript } from './script.ts'
import { OWNER, REPO, SHOP_TESTS } from './shop.ts'
import type { Story } from './story.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const WEBHOOK_SECRET = 'a-secret-of-the-demo'
const DAY_MS = 86_400_000

export interface Stage {
  readonly github: GitHub
  readonly app: RunningApp
  readonly model: Model | undefined
  /** Plays the jobs of a story whose runs the Action doesn't carry out. */
  readonly standIn: StandIn | undefined
  /** Where everything lies: the bare repository, the ledger, the jobs' workspaces. */
  readonly dir: string
  readonly owner: string
  readonly repo: string
  /** A client with a maintainer's token, to look at what came of it. */
  readonly octokit: Octokit
  /** Turns the clock to that many days after the story's first. */
  day(number: number): Promise<void>
  /** Resolves when nothing is under way any more: no webhook, no job, no delivery. */
  settled(): Promise<void>
  close(): Promise<void>
}

export interface StageOptions {
  /** Use the real model at OPENAI_BASE_URL with OPENAI_API_KEY instead of the scripted one. */
  readonly live: boolean
  /** An empty folder, in which everything is kept. */
  readonly dir: string
  readonly story: Story
}

export async function setStage({ live, dir, story }: StageOptions): Promise<Stage> {
  // What stands already is closed again in the opposite order, at the end or when something can't be started.
  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const loading = loadApp()
    closers.push(() => loading.kill())
    const isPlayed = story.jobs === 'stand-in'
    const model = live || isPlayed ? undefined : await startModel({ scripts: [shopScript] })
    closers.push(() => model?.close())
    const github = await startShop(dir, story, model)
    closers.push(() => github.close())
    const offsetMs = offsetFrom(story.beginsDaysAgo)
    const app = await startItsApp(loading, dir, github, offsetMs(0))
    closers.push(() => app.close())
    closers.push(() => github.settled())
    github.hooks.target(`${app.url}/api/github/webhooks`)
    github.actions.vars({ PURSER_APP_URL: app.url })
    return {
      github,
      app,
      model,
      standIn: isPlayed ? createStandIn(github, app.url) : undefined,
      dir,
      owner: OWNER,
      repo: REPO,
      octokit: new Octokit({ baseUrl: github.url, auth: github.tokenOf('mira') }),
      day: (number) => app.turnClock(offsetMs(number)),
      settled: () => untilQuiet(github, app),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function startShop(dir: string, story: Story, model: Model | undefined): Promise<GitHub> {
  return startGitHub({
    dir: join(dir, 'github'),
    app: { webhookSecret: WEBHOOK_SECRET },
    // Where the work was prepared beforehand its tests would say nothing.
    ...(story.jobs === 'action' ? { ci: SHOP_TESTS } : {}),
    seed: {
      owner: OWNER,
      repo: REPO,
      files: story.files(),
      users: { mira: 'maintain', dev: 'write', guest: 'read' },
    },
    actions: {
      action: ROOT,
      secrets: { OPENAI_API_KEY: process.env.OPENAI_API_KEY ?? 'sk-demo-not-a-real-key' },
      extraEnv: jobEnvironment(model),
      // A hosted runner would install its sandbox in these steps; this machine is not the demo's to change.
      skip: ({ run }) => /\bsudo\b/.test(run),
    },
  })
}

function startItsApp(loading: LoadingApp, dir: string, github: GitHub, offsetMs: number): Promise<RunningApp> {
  const options = {
    appId: github.app.id,
    privateKey: github.app.privateKey,
    webhookSecret: WEBHOOK_SECRET,
    githubUrl: github.url,
    dataDir: join(dir, 'ledger'),
    oidcIssuers: [github.oidc.issuer],
    throttle: false,
    log: { level: 'error' as const },
  }
  return loading.start(options, offsetMs)
}

/** What a job gets beyond what GitHub gives it: the way to the model, and leave to go on where nothing can be confined. */
function jobEnvironment(model: Model | undefined): Record<string, string> {
  const baseUrl = model?.url ?? process.env.OPENAI_BASE_URL
  return { PURSER_SANDBOX: 'none', ...(baseUrl === undefined ? {} : { OPENAI_BASE_URL: baseUrl }) }
}

/** How far the story's clock is from the machine's on the morning of each of its days. */
function offsetFrom(beginsDaysAgo: number): (day: number) => number {
  return (day) => {
    const firstMorning = new Date(Date.now() - beginsDaysAgo * DAY_MS).setUTCHours(9, 0, 0, 0)
    return firstMorning + day * DAY_MS - Date.now()
  }
}
