import { join } from 'node:path'
import { actionsRoutes, jobJson, runJson } from './actions-api.ts'
import { type JobControl, startJob } from './actions-job.ts'
import { createTriggers } from './actions-triggers.ts'
import type { Actions, ActionsOptions, ActionsRun, Job, Oidc } from './contract.ts'
import { holds } from './expressions.ts'
import type { Route } from './router.ts'
import { type JobFile, readWorkflow, type WorkflowFile } from './workflow-file.ts'
import { announce, type Json, type Repository, type World } from './world.ts'

const concurrencyDefault = 2

export type Start = {
  repository: Repository
  path: string
  event: string
  ref: string
  sha: string
  inputs: Record<string, string>
  actor: string
  sender: Json
  payload: Json
}

/** A run with what it needs beside the record that tests see. */
type Live = {
  run: ActionsRun
  start: Start
  file: WorkflowFile | null
  controls: Set<JobControl>
  parked: boolean
  /** How its jobs ended, for those that need them. */
  done: Record<string, { result: string; outputs: Record<string, string> }>
}

export type ActionsEngine = {
  api: Actions
  routes: Route[]
  begin(start: Start): Promise<ActionsRun>
  workflows(
    repository: Repository,
    revision: string,
  ): Promise<{ path: string; file: WorkflowFile | null; problem: string | null }[]>
  rerun(runId: number, which?: 'all' | 'failed'): Promise<void>
  close(): Promise<void>
}

/** Stands for GitHub Actions: decides what starts, keeps the queue, runs jobs and tells the App by webhook. */
export function createActions(world: World, given: ActionsOptions | null, oidc: Oidc): ActionsEngine {
  const options: ActionsOptions = { ...(given ?? { action: '' }) }
  const live = new Map<number, Live>()
  const running = new Set<Promise<void>>()
  const slots = createSlots(options.concurrency ?? concurrencyDefault)
  let parkNext = 0

  async function workflows(repository: Repository, revision: string) {
    const { store } = repository
    const entries = (await store.tree(revision, true)).filter((entry) =>
      /^\.github\/workflows\/[^/]+\.ya?ml$/.test(entry.path),
    )
    return Promise.all(
      entries.map(async ({ path, sha }) => {
        const text = (await store.blob(sha))?.toString() ?? ''
        try {
          return { path, file: readWorkflow(path, text), problem: null }
        } catch (error) {
          return { path, file: null, problem: error instanceof Error ? error.message : String(error) }
        }
      }),
    )
  }

  async function begin(start: Start): Promise<ActionsRun> {
    const found = (await workflows(start.repository, start.sha)).find((one) => one.path === start.path)
    const run: ActionsRun = {
      id: world.nextId(),
      workflow: start.path,
      name: found?.file?.name ?? start.path,
      event: start.event,
      ref: start.ref,
      sha: start.sha,
      attempt: 1,
      inputs: start.inputs,
      actor: start.actor,
      status: 'queued',
      conclusion: null,
      jobs: [],
      problem: found?.problem ?? null,
    }
    const one: Live = { run, start, file: found?.file ?? null, controls: new Set(), parked: parkNext > 0, done: {} }
    if (one.parked) parkNext -= 1
    live.set(run.id, one)
    await queue(one)
    return run
  }

  async function queue(one: Live): Promise<void> {
    const { run, file } = one
    const kept = run.jobs.filter((job) => one.done[job.key] !== undefined)
    const fresh = Object.entries(file?.jobs ?? {}).filter(([id]) => one.done[id] === undefined)
    run.jobs = [...kept, ...fresh.map(([id, jobFile]) => newJob(id, jobFile))]
    await tellRun(one, 'requested')
    for (const job of run.jobs) await tellJob(one, job, 'queued')
    if (one.parked) return
    const work = execute(one).finally(() => running.delete(work))
    running.add(work)
  }

  function newJob(id: string, jobFile: JobFile): Job {
    const number = world.nextId()
    const workspace = join(world.dir, 'jobs', String(number), 'workspace')
    return {
      id: number,
      checkRunId: number,
      key: id,
      name: jobFile.name,
      status: 'queued',
      conclusion: null,
      steps: [],
      workspace,
    }
  }

  async function execute(one: Live): Promise<void> {
    const { run, file } = one
    // The answer to the dispatch goes out before its job starts, as it does on GitHub.
    await new Promise(setImmediate)
    const { done } = one
    try {
      const waiting = new Set(run.jobs.filter((job) => done[job.key] === undefined))
      while (file && waiting.size > 0) {
        const ready = [...waiting].filter((job) => (file.jobs[job.key]?.needs ?? []).every((need) => need in done))
        if (ready.length === 0) throw new Error(`${run.workflow}: jobs that need each other, or one that isn't there`)
        for (const job of ready) waiting.delete(job)
        await Promise.all(ready.map((job) => executeJob(one, file, job, done)))
      }
    } catch (error) {
      run.problem = error instanceof Error ? error.message : String(error)
    }
    run.conclusion ??= conclusionOf(run)
    run.status = 'completed'
    await tellRun(one, 'completed')
  }

  async function executeJob(
    one: Live,
    file: WorkflowFile,
    job: Job,
    done: Record<string, { result: string; outputs: Record<string, string> }>,
  ): Promise<void> {
    const { run, start } = one
    const jobFile = file.jobs[job.key]
    if (!jobFile) throw new Error(`no job ${job.key}`)
    const needs = Object.fromEntries(
      jobFile.needs.map((need) => [need, done[need] ?? { result: 'skipped', outputs: {} }]),
    )
    let outputs: Record<string, string> = {}
    await slots.take()
    try {
      if (run.conclusion === 'cancelled') job.conclusion = 'cancelled'
      else if (!wanted(one, jobFile, needs)) job.conclusion = 'skipped'
      else {
        job.status = 'in_progress'
        run.status = 'in_progress'
        await tellJob(one, job, 'in_progress')
        const control = startJob({
          world,
          repository: start.repository,
          options,
          oidc,
          run,
          file,
          jobFile,
          job,
          event: start.payload,
          needs,
        })
        one.controls.add(control)
        outputs = await control.done.finally(() => one.controls.delete(control))
      }
    } catch (error) {
      job.conclusion = 'failure'
      run.problem = error instanceof Error ? error.message : String(error)
    } finally {
      slots.give()
    }
    job.status = 'completed'
    done[job.key] = { result: job.conclusion ?? 'failure', outputs }
    await tellJob(one, job, 'completed')
  }

  function wanted(one: Live, jobFile: JobFile, needs: Record<string, { result: string }>): boolean {
    const failed = Object.values(needs).some((need) => need.result !== 'success')
    const github = {
      event: one.start.payload,
      event_name: one.run.event,
      ref: one.run.ref,
      repository: one.start.repository.fullName,
      actor: one.run.actor,
    }
    const contexts = { github, inputs: one.run.inputs, needs, vars: options.vars ?? {}, secrets: options.secrets ?? {} }
    return holds(jobFile.if, contexts, { failed, cancelled: false })
  }

  async function tellRun(one: Live, action: string): Promise<void> {
    const { repository, sender } = one.start
    await announce(world, repository, 'workflow_run', sender, {
      action,
      workflow_run: runJson(world, repository, one.run, sender),
    })
  }

  async function tellJob(one: Live, job: Job, action: string): Promise<void> {
    const { repository, sender } = one.start
    await announce(world, repository, 'workflow_job', sender, {
      action,
      workflow_job: jobJson(world, repository, one.run, job),
    })
  }

  function cancel(runId: number): void {
    const one = live.get(runId)
    if (!one || one.run.status === 'completed') return
    one.run.conclusion = 'cancelled'
    for (const control of one.controls) control.cancel()
    if (!one.parked) return
    one.parked = false
    const work = execute(one).finally(() => running.delete(work))
    running.add(work)
  }

  async function rerun(runId: number, which: 'all' | 'failed' = 'all'): Promise<void> {
    const one = live.get(runId)
    if (!one) return
    const stays = Object.entries(one.done).filter(([, { result }]) => which === 'failed' && result === 'success')
    one.done = Object.fromEntries(stays)
    Object.assign(one.run, { attempt: one.run.attempt + 1, status: 'queued', conclusion: null, problem: null })
    await queue(one)
  }

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.allSettled([...running])
  }

  const triggers = createTriggers(world, { begin, workflows })
  if (given !== null) {
    world.onPush.push((...push) => {
      const work = triggers.pushed(...push).finally(() => running.delete(work))
      running.add(work)
    })
  }
  if (given !== null) {
    world.onHead.push((...head) => {
      const work = triggers.pulled(...head).finally(() => running.delete(work))
      running.add(work)
    })
  }
  const engine: ActionsEngine = {
    routes: [],
    begin,
    workflows,
    rerun,
    api: {
      runs: () => [...live.values()].map((one) => one.run),
      cancel,
      lose: (runId) => {
        for (const control of live.get(runId)?.controls ?? []) control.lose()
      },
      neverStart: (times = 1) => {
        parkNext += times
      },
      startAgain: () => {
        parkNext = 0
      },
      vars: (more) => {
        options.vars = { ...options.vars, ...more }
      },
      schedule: triggers.schedule,
      idle,
    },
    async close() {
      for (const one of live.values()) for (const control of one.controls) control.lose()
      await idle()
    },
  }
  engine.routes = actionsRoutes(world, engine)
  return engine
}

function conclusionOf(run: ActionsRun): ActionsRun['conclusion'] {
  if (run.problem !== null || run.jobs.some((job) => job.conclusion === 'failure')) return 'failure'
  if (run.jobs.some((job) => job.conclusion === 'cancelled')) return 'cancelled'
  return run.jobs.every((job) => job.conclusion === 'skipped') ? 'skipped' : 'success'
}

/** At most `size` jobs at a time; the others wait in order. */
function createSlots(size: number) {
  const waiting: (() => void)[] = []
  let free = size
  return {
    async take(): Promise<void> {
      if (free > 0) free -= 1
      else await new Promise<void>((go) => waiting.push(go))
    },
    give(): void {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    },
  }
}
