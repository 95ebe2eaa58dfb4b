import { appendFile, copyFile, cp, glob, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { parse } from 'yaml'
import type { ActionsOptions, ActionsRun, Job, Oidc, StepRun } from './contract.ts'
import { type Contexts, holds, interpolate, type JobState } from './expressions.ts'
import { git } from './git-process.ts'
import { jobClaims, jobEnv } from './job-env.ts'
import { type ProcessResult, type Started, startProcess } from './runner-process.ts'
import { type JobFile, type StepFile, tokenPermissions, type WorkflowFile } from './workflow-file.ts'
import type { Json, Repository, World } from './world.ts'

export type JobControl = {
  /** Cancels: the step that runs is interrupted, the rest is skipped, `post` runs. */
  cancel(): void
  /** Ends everything at once, as when the runner's machine is lost. */
  lose(): void
  done: Promise<Record<string, string>>
}

export type JobSetting = {
  world: World
  repository: Repository
  options: ActionsOptions
  oidc: Oidc
  run: ActionsRun
  file: WorkflowFile
  jobFile: JobFile
  job: Job
  event: Json
  needs: Record<string, { result: string; outputs: Record<string, string> }>
}

type ActionFile = { main: string; post: string | null; inputs: Record<string, { default?: unknown }> }
type Post = { step: StepRun; action: ActionFile; env: Record<string, string> }

/** Runs one job; `done` resolves with its outputs once `post` has ended. The job's record is filled on the way. */
export function startJob(setting: JobSetting): JobControl {
  const { world, repository, options, run, file, jobFile, job } = setting
  const root = dirname(job.workspace)
  const temp = join(root, 'temp')
  const state: JobState = { failed: false, cancelled: false }
  const masks = new Set(Object.values(options.secrets ?? {}))
  const added: Record<string, string> = {}
  const posts: Post[] = []
  const steps: Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }> = {}
  let current: Started | null = null
  let lost = false

  async function all(): Promise<Record<string, string>> {
    for (const dir of [job.workspace, temp, join(root, 'home')]) await mkdir(dir, { recursive: true })
    await writeFile(join(root, 'event.json'), JSON.stringify(setting.event))
    const granted = tokenPermissions(file, jobFile)
    const { id_token: idToken, ...permissions } = granted
    const token = await world.appToken('actions', known(permissions))
    masks.add(token)
    const grant = idToken === 'write' ? setting.oidc.grant(jobClaims(setting)) : null
    const base = { ...jobEnv(setting, root), ...options.extraEnv }
    const identity = grant
      ? { ACTIONS_ID_TOKEN_REQUEST_URL: grant.requestUrl, ACTIONS_ID_TOKEN_REQUEST_TOKEN: grant.requestToken }
      : {}
    const contexts = (): Contexts => ({
      ...contextsOf(setting, token),
      steps,
      env: { ...file.env, ...jobFile.env, ...added },
    })
    try {
      for (const step of jobFile.steps) await oneStep(step, contexts, { ...base, ...identity }, token)
      for (const post of posts.reverse()) await onePost(post)
      const outputs = Object.entries(jobFile.outputs).map(([name, text]) => [
        name,
        interpolate(text, contexts(), state),
      ])
      return Object.fromEntries(outputs)
    } finally {
      grant?.revoke()
      world.identities.revoke(token)
      job.conclusion = state.cancelled || lost ? 'cancelled' : state.failed ? 'failure' : 'success'
    }
  }

  async function oneStep(
    step: StepFile,
    contexts: () => Contexts,
    base: Record<string, string>,
    token: string,
  ): Promise<void> {
    const record = emptyStep(step)
    job.steps.push(record)
    if (lost || !holds(step.if, contexts(), state)) return noteOutcome(step, record)
    const say = (text: string): string => interpolate(text, contexts(), state)
    const own = Object.fromEntries(
      Object.entries({ ...file.env, ...jobFile.env, ...step.env }).map(([name, value]) => [name, say(value)]),
    )
    const env = { ...base, ...added, ...own }
    const given = Object.fromEntries(Object.entries(step.with).map(([name, value]) => [name, say(value)]))
    try {
      if (step.run !== null) await runCommand(step, record, say(step.run), env)
      else if (/^actions\/checkout@/.test(step.uses ?? '')) await checkout(given, token, record)
      else if (isPurser(step.uses ?? ''))
        await runAction(record, actionDir(options.action, step.uses ?? ''), given, env, say)
      else if (/^actions\/upload-artifact@/.test(step.uses ?? '')) await upload(given, record)
      else if (/^actions\/download-artifact@/.test(step.uses ?? '')) await download(given, record)
      else skip(record, `the stand-in for Actions doesn't have ${step.uses}`)
    } catch (error) {
      record.conclusion = 'failure'
      record.log += `${error instanceof Error ? error.message : String(error)}\n`
    }
    if (record.conclusion === 'failure' && !step.continueOnError) state.failed = true
    noteOutcome(step, record)
  }

  function noteOutcome(step: StepFile, record: StepRun): void {
    if (step.id === null) return
    const conclusion = step.continueOnError && record.conclusion === 'failure' ? 'success' : record.conclusion
    steps[step.id] = { outputs: record.outputs, outcome: record.conclusion, conclusion }
  }

  async function runCommand(
    step: StepFile,
    record: StepRun,
    script: string,
    env: Record<string, string>,
  ): Promise<void> {
    if (options.skip?.({ name: step.name, run: script })) {
      skip(record, 'left out on this machine by the options of the stand-in')
      record.conclusion = 'success'
      return
    }
    const path = join(temp, `${job.steps.length}.sh`)
    await writeFile(path, script)
    const cwd = resolve(job.workspace, step.workingDirectory ?? '.')
    await follow(record, ['bash', '--noprofile', '--norc', '-eo', 'pipefail', path], cwd, env)
  }

  async function runAction(
    record: StepRun,
    dir: string,
    given: Record<string, string>,
    env: Record<string, string>,
    say: (text: string) => string,
  ): Promise<void> {
    const action = await readAction(dir)
    const inputs = { ...defaults(action, say), ...given }
    const withInputs = { ...env, ...inputEnv(inputs), GITHUB_ACTION: 'purser', GITHUB_ACTION_PATH: dir }
    // As on the runner, `post` is due from the moment that main starts, whatever becomes of main.
    if (action.post !== null) posts.push({ step: record, action, env: withInputs })
    await follow(record, [process.execPath, action.main], job.workspace, withInputs)
  }

  async function follow(
    record: StepRun,
    command: [string, ...string[]],
    cwd: string,
    env: Record<string, string>,
  ): Promise<void> {
    current = await startProcess(command, { cwd, env, scratch: temp, masks })
    if (state.cancelled) current.interrupt()
    const result = await current.done.finally(() => {
      current = null
    })
    keep(record, result)
    Object.assign(added, result.env)
    if (result.path.length > 0) added.PATH = [...result.path.toReversed(), added.PATH ?? env.PATH].join(':')
    record.conclusion = result.exitCode === 0 ? 'success' : state.cancelled || lost ? 'cancelled' : 'failure'
  }

  async function onePost({ step, action, env }: Post): Promise<void> {
    if (lost || action.post === null) return
    const saved = Object.fromEntries(Object.entries(step.state).map(([name, value]) => [`STATE_${name}`, value]))
    const started = await startProcess([process.execPath, action.post], {
      cwd: job.workspace,
      env: { ...env, ...added, ...saved },
      scratch: temp,
      masks,
    })
    current = started
    const { exitCode, log, summary, annotations } = await started.done
    current = null
    step.post = { exitCode, log }
    step.summary += summary
    step.annotations.push(...annotations)
    if (exitCode !== 0) state.failed = true
  }

  /** Artifacts of one Actions run, whichever attempt made them, as files below the common folder of what was named. */
  const artifactDir = (name: string): string => join(world.dir, 'artifacts', String(run.id), name)

  async function upload(given: Record<string, string>, record: StepRun): Promise<void> {
    const patterns = (given.path ?? '').split('\n').map((pattern) => pattern.trim())
    const found: string[] = []
    for await (const file of glob(patterns.filter((pattern) => pattern !== ''))) found.push(file)
    const folders = new Set(found.map((file) => dirname(file)))
    if (folders.size > 1) throw new Error(`the stand-in for artifacts keeps the files of one folder: ${[...folders]}`)
    await mkdir(artifactDir(given.name ?? 'artifact'), { recursive: true })
    for (const file of found) await copyFile(file, join(artifactDir(given.name ?? 'artifact'), basename(file)))
    record.conclusion = 'success'
    record.exitCode = 0
  }

  async function download(given: Record<string, string>, record: StepRun): Promise<void> {
    const target = resolve(job.workspace, given.path ?? '.')
    await cp(artifactDir(given.name ?? ''), target, { recursive: true })
    record.conclusion = 'success'
    record.exitCode = 0
  }

  async function checkout(given: Record<string, string>, token: string, record: StepRun): Promise<void> {
    const target = resolve(job.workspace, given.path ?? '.')
    await mkdir(target, { recursive: true })
    const remote = `${world.url}/${repository.fullName}`
    const header = `AUTHORIZATION: basic ${Buffer.from(`x-access-token:${given.token ?? token}`).toString('base64')}`
    const ref = given.ref || run.sha
    const depth = given['fetch-depth'] === '0' ? [] : [`--depth=${given['fetch-depth'] ?? '1'}`]
    await git(target, ['init', '-q', '--initial-branch=main'])
    // As `git remote add` and `git config` write it.
    const settings = [`[remote "origin"]\n\turl = ${remote}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`]
    if (given['persist-credentials'] !== 'false') settings.push(`[http "${world.url}/"]\n\textraheader = ${header}\n`)
    await appendFile(join(target, '.git/config'), settings.join(''))
    await git(target, ['-c', `http.extraheader=${header}`, 'fetch', '-q', ...depth, 'origin', ref])
    await git(target, ['checkout', '-q', '--force', ...(ref === run.sha ? ['-B', 'main'] : []), 'FETCH_HEAD'])
    record.conclusion = 'success'
    record.exitCode = 0
  }

  return {
    done: all(),
    cancel() {
      state.cancelled = true
      current?.interrupt()
    },
    lose() {
      lost = true
      current?.kill()
    },
  }
}

function contextsOf(setting: JobSetting, token: string): Contexts {
  const { options, run, repository, world, event } = setting
  return {
    github: {
      token,
      event,
      event_name: run.event,
      ref: run.ref,
      ref_name: run.ref.replace(/^refs\/(heads|tags)\//, ''),
      sha: run.sha,
      repository: repository.fullName,
      repository_id: String(repository.id),
      repository_owner: repository.owner,
      run_id: String(run.id),
      run_attempt: String(run.attempt),
      actor: run.actor,
      workflow: setting.file.name,
      server_url: world.url,
      api_url: world.url,
      workspace: setting.job.workspace,
    },
    inputs: run.inputs,
    secrets: { ...options.secrets, GITHUB_TOKEN: token },
    vars: options.vars ?? {},
    needs: setting.needs,
    runner: { os: 'Linux', arch: 'X64', temp: join(dirname(setting.job.workspace), 'temp') },
    job: { status: 'success' },
  }
}

/** Any `uses` that names Purser's Action: by its repository, or the repository's own. */
const isPurser = (uses: string): boolean => uses === './' || /(^|\/)purser(\/\w+)?@/.test(uses)

/** `owner/purser/delivery@ref` lies in a folder of its own. */
const actionDir = (dir: string, uses: string): string => join(dir, /\/purser\/(\w+)@/.exec(uses)?.[1] ?? '.')

async function readAction(dir: string): Promise<ActionFile> {
  const file = parse(await readFile(join(dir, 'action.yml'), 'utf8')) as { runs?: Json; inputs?: ActionFile['inputs'] }
  const { using, main, post } = file.runs ?? {}
  if (using !== 'node24') throw new Error(`action.yml: runs.using is ${using}; the runner in test/world has node24`)
  if (typeof main !== 'string') throw new Error('action.yml: runs.main is missing')
  const at = (path: string): string => (isAbsolute(path) ? path : join(dir, path))
  return { main: at(main), post: typeof post === 'string' ? at(post) : null, inputs: file.inputs ?? {} }
}

function defaults(action: ActionFile, say: (text: string) => string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [name, say(String(input?.default ?? ''))]),
  )
}

/** Upper case, blanks to underscores, hyphens kept. */
const inputEnv = (inputs: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
  )

/** What an installation token can carry; `metadata` and the like are no permissions that `emulate` knows of. */
const known = ({ metadata: _, ...permissions }: Record<string, string>): Record<string, string> => permissions

function keep(record: StepRun, result: ProcessResult): void {
  record.exitCode = result.exitCode
  record.outputs = result.outputs
  record.state = result.state
  record.summary = result.summary
  record.log += result.log
  record.annotations = result.annotations
}

function skip(record: StepRun, why: string): void {
  record.log += `skipped: ${why}\n`
}

const emptyStep = (step: StepFile): StepRun => ({
  name: step.name,
  uses: step.uses,
  run: step.run,
  conclusion: 'skipped',
  exitCode: null,
  outputs: {},
  state: {},
  summary: '',
  log: '',
  annotations: [],
  post: null,
})
