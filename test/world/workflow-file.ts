import picomatch from 'picomatch'
import { parse } from 'yaml'
import type { Json } from './world.ts'

/** An Actions workflow file as far as this stand-in follows it. */
export type WorkflowFile = {
  path: string
  name: string
  on: Record<string, Json>
  permissions: unknown
  env: Record<string, string>
  jobs: Record<string, JobFile>
}

export type JobFile = {
  name: string
  needs: string[]
  if: string | undefined
  permissions: unknown
  environment: string | null
  env: Record<string, string>
  outputs: Record<string, string>
  steps: StepFile[]
}

export type StepFile = {
  id: string | null
  name: string
  if: string | undefined
  uses: string | null
  run: string | null
  with: Record<string, string>
  env: Record<string, string>
  workingDirectory: string | null
  continueOnError: boolean
}

/** Throws with what is missing when the file is no Actions workflow, or needs what this stand-in doesn't do. */
export function readWorkflow(path: string, text: string): WorkflowFile {
  const file = parse(text) as Json | null
  if (file === null || typeof file !== 'object') throw new Error(`${path} is not an Actions workflow`)
  const jobs = objectOf(file.jobs)
  if (Object.keys(jobs).length === 0) throw new Error(`${path} has no jobs`)
  return {
    path,
    name: String(file.name ?? path),
    on: triggers(file.on),
    permissions: file.permissions,
    env: texts(file.env),
    jobs: Object.fromEntries(Object.entries(jobs).map(([id, job]) => [id, readJob(path, id, objectOf(job))])),
  }
}

function readJob(path: string, id: string, job: Json): JobFile {
  for (const field of ['strategy', 'container', 'services', 'uses']) {
    if (job[field] !== undefined) throw new Error(`${path}: the stand-in for Actions has no \`${field}\` (job ${id})`)
  }
  const environment = job.environment
  return {
    name: String(job.name ?? id),
    needs: listOf(job.needs),
    if: job.if === undefined ? undefined : String(job.if),
    permissions: job.permissions,
    environment:
      environment === undefined
        ? null
        : typeof environment === 'string'
          ? environment
          : String(objectOf(environment).name),
    env: texts(job.env),
    outputs: texts(job.outputs),
    steps: (Array.isArray(job.steps) ? job.steps : []).map((step, index) => readStep(objectOf(step), index)),
  }
}

function readStep(step: Json, index: number): StepFile {
  const textOf = (field: string): string | null => (step[field] === undefined ? null : String(step[field]))
  return {
    id: textOf('id'),
    name: textOf('name') ?? textOf('uses') ?? textOf('run')?.split('\n')[0] ?? `step ${index + 1}`,
    if: textOf('if') ?? undefined,
    uses: textOf('uses'),
    run: textOf('run'),
    with: texts(step.with),
    env: texts(step.env),
    workingDirectory: textOf('working-directory'),
    continueOnError: step['continue-on-error'] === true,
  }
}

function triggers(on: unknown): Record<string, Json> {
  if (typeof on === 'string' || Array.isArray(on)) return Object.fromEntries(listOf(on).map((name) => [name, {}]))
  return Object.fromEntries(
    Object.entries(objectOf(on)).map(([name, detail]) => [
      name,
      Array.isArray(detail) ? { list: detail } : objectOf(detail),
    ]),
  )
}

/** Whether a push of `branch` that touched `paths` starts the workflow. */
export function startsOnPush(file: WorkflowFile, branch: string, paths: string[]): boolean {
  const push = file.on.push
  if (!push) return false
  const branches = listOf(push.branches)
  const ignored = listOf(push['branches-ignore'])
  if (branches.length > 0 && !picomatch(branches)(branch)) return false
  if (ignored.length > 0 && picomatch(ignored)(branch)) return false
  if (branches.length === 0 && push.tags !== undefined) return false
  const only = listOf(push.paths)
  const except = listOf(push['paths-ignore'])
  if (only.length > 0 && !paths.some((path) => picomatch(only, { dot: true })(path))) return false
  return except.length === 0 || paths.some((path) => !picomatch(except, { dot: true })(path))
}

/** The inputs of a dispatch with their defaults, or what is wrong with them in GitHub's words. */
export function dispatchInputs(
  file: WorkflowFile,
  given: Json,
): { inputs: Record<string, string> } | { problem: string } {
  const dispatch = file.on.workflow_dispatch
  if (!dispatch) return { problem: "Workflow does not have 'workflow_dispatch' trigger" }
  const declared = objectOf(dispatch.inputs)
  const unknown = Object.keys(given).filter((name) => !(name in declared))
  if (unknown.length > 0) return { problem: `Unexpected inputs provided: ${JSON.stringify(unknown)}` }
  const inputs: Record<string, string> = {}
  for (const [name, input] of Object.entries(declared)) {
    const detail = objectOf(input)
    const value = given[name] ?? detail.default
    if (value === undefined && detail.required === true) return { problem: `Required input '${name}' not provided` }
    const options = listOf(detail.options)
    if (value !== undefined && options.length > 0 && !options.includes(String(value))) {
      return { problem: `Provided value '${value}' for input '${name}' not in the list of allowed values` }
    }
    inputs[name] = value === undefined || value === null ? '' : String(value)
  }
  return { inputs }
}

/** Nothing more than `contents: read` when nothing is said; what is not named is not granted once something is. */
export function tokenPermissions(file: WorkflowFile, job: JobFile): Record<string, string> {
  const said = job.permissions ?? file.permissions
  const names = [
    'actions',
    'checks',
    'contents',
    'deployments',
    'issues',
    'packages',
    'pull_requests',
    'statuses',
    'id_token',
  ]
  if (said === undefined || said === null) return { contents: 'read', metadata: 'read' }
  if (said === 'read-all' || said === 'write-all') {
    return Object.fromEntries([
      ...names.map((name) => [name, said === 'read-all' ? 'read' : 'write']),
      ['metadata', 'read'],
    ])
  }
  const granted = Object.entries(objectOf(said)).filter(([, level]) => level === 'read' || level === 'write')
  return {
    ...Object.fromEntries(granted.map(([name, level]) => [name.replaceAll('-', '_'), String(level)])),
    metadata: 'read',
  }
}

const objectOf = (value: unknown): Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : {}

const listOf = (value: unknown): string[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value.map(String) : [String(value)]

const texts = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(objectOf(value)).map(([name, one]) => [name, one === null ? '' : String(one)]))
