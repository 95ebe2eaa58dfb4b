/** The only place that reads the Action's inputs and writes its outputs, state and summary. */
import * as core from '@actions/core'
import { z } from 'zod/mini'

export const inputNames = [
  'workflow',
  'variant',
  'portfolio',
  'inputs',
  'goal',
  'run',
  'app-url',
  'api-key',
  'base-url',
  'anthropic-api-key',
  'anthropic-base-url',
  'model',
  'effort',
  'cap-usd',
  'deliver',
  'dry-run',
  'on-refusal',
  'github-token',
] as const

export const outputNames = [
  'conclusion',
  'reason',
  'session-id',
  'run-id',
  'spend-usd',
  'held-usd',
  'remaining-usd',
  'input-tokens',
  'cached-tokens',
  'output-tokens',
  'delivery',
  'report',
] as const

export type Outputs = Readonly<Record<(typeof outputNames)[number], string>>

/** GitHub's bound of a step's summary is 1 MiB; beyond it the whole summary is dropped. */
const SUMMARY_CHARACTERS_MAX = 250_000
const INPUTS_MAX = 50

const text = z.pipe(
  z.string(),
  z.transform((written) => (written === '' ? undefined : written)),
)
const url = text.check(
  z.refine((written) => written === undefined || isHttpUrl(written), 'not an address; expected https://...'),
)

const inputsSchema = z.object({
  workflow: text,
  variant: text,
  portfolio: text,
  inputs: z.string().check(z.maxLength(100_000)),
  goal: text,
  run: text.check(z.refine((id) => id === undefined || /^[\w-]{1,100}$/.test(id), 'not a run’s id')),
  'app-url': url,
  'api-key': text,
  'base-url': url,
  'anthropic-api-key': text,
  'anthropic-base-url': url,
  model: text,
  effort: text,
  'cap-usd': text,
  deliver: z.enum(['', 'none'], 'expected `none` or nothing'),
  'dry-run': z.enum(['', 'true', 'false'], 'expected true or false'),
  'on-refusal': z.enum(['', 'neutral', 'fail'], 'expected neutral or fail'),
  'github-token': text,
})

export interface Inputs {
  readonly workflow: string | undefined
  readonly variant: string | undefined
  readonly portfolio: string | undefined
  /** The workflow's own inputs, with `goal` among them. */
  readonly values: Readonly<Record<string, string>>
  readonly run: string | undefined
  readonly appUrl: string | undefined
  readonly apiKey: string | undefined
  readonly baseUrl: string | undefined
  readonly anthropicApiKey: string | undefined
  readonly anthropicBaseUrl: string | undefined
  readonly model: string | undefined
  readonly effort: string | undefined
  readonly capUsd: string | undefined
  readonly keepWork: boolean
  readonly dryRun: boolean
  readonly failOnRefusal: boolean
  readonly githubToken: string | undefined
}

/** The inputs, or every problem with them in words. Keys are masked in the log from here on. */
export function readInputs(environment: NodeJS.ProcessEnv): Inputs | { readonly problem: string } {
  const written = Object.fromEntries(inputNames.map((name) => [name, core.getInput(name)]))
  for (const secret of [written['api-key'], written['anthropic-api-key'], written['github-token']])
    if (secret) core.setSecret(secret)
  const parsed = inputsSchema.safeParse(written)
  if (!parsed.success) {
    return { problem: parsed.error.issues.map((issue) => `\`${issue.path.join('.')}\`: ${issue.message}`).join('; ') }
  }
  const { data } = parsed
  const values = readValues(data.inputs)
  if (typeof values === 'string') return { problem: values }
  return {
    workflow: data.workflow,
    variant: data.variant,
    portfolio: data.portfolio,
    values: data.goal === undefined ? values : { ...values, goal: data.goal },
    run: data.run,
    appUrl: data['app-url']?.replace(/\/+$/, ''),
    apiKey: data['api-key'] ?? environment.OPENAI_API_KEY,
    baseUrl: data['base-url'] ?? environment.OPENAI_BASE_URL,
    anthropicApiKey: data['anthropic-api-key'] ?? environment.ANTHROPIC_API_KEY,
    anthropicBaseUrl: data['anthropic-base-url'] ?? environment.ANTHROPIC_BASE_URL,
    model: data.model,
    effort: data.effort,
    capUsd: data['cap-usd'],
    keepWork: data.deliver === 'none',
    dryRun: data['dry-run'] === 'true',
    failOnRefusal: data['on-refusal'] === 'fail',
    githubToken: data['github-token'],
  }
}

/** `name=value` lines, or one JSON object; a problem in words otherwise. */
export function readValues(written: string): Readonly<Record<string, string>> | string {
  const trimmed = written.trim()
  if (trimmed === '') return {}
  if (trimmed.startsWith('{')) return readJsonValues(trimmed)
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim() !== '')
  const wrong = lines.find((line) => !/^\s*[a-z][a-z0-9_-]*=/.test(line))
  if (wrong !== undefined)
    return `\`inputs\`: ${JSON.stringify(wrong.slice(0, 80))} is no name=value; for example test=npm test`
  if (lines.length > INPUTS_MAX) return `\`inputs\`: more than ${INPUTS_MAX} lines`
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]),
  )
}

function readJsonValues(json: string): Readonly<Record<string, string>> | string {
  try {
    const schema = z.record(z.string().check(z.maxLength(100)), z.union([z.string(), z.number(), z.boolean()]))
    const parsed = schema.safeParse(JSON.parse(json))
    if (!parsed.success)
      return '`inputs`: expected an object of texts, numbers and booleans; for example {"test": "npm test"}'
    return Object.fromEntries(Object.entries(parsed.data).map(([name, value]) => [name, String(value)]))
  } catch {
    return '`inputs`: starts like JSON and is none; expected for example {"test": "npm test"}'
  }
}

export function writeOutputs(outputs: Outputs): void {
  for (const name of outputNames) core.setOutput(name, outputs[name])
}

/** What `post` needs when this process does not live to report. */
export interface SavedState {
  /** What tells this step from the job's others; every try to get its run shows the same. */
  readonly step: string
  readonly baseDir: string
  readonly appUrl: string
  readonly runId: string
  readonly token: string
  /** The App is to get the report without the work. */
  readonly keepWork: 'true' | ''
  /** The App has taken the report. */
  readonly finished: 'true' | ''
}

export function saveState(state: Partial<SavedState>): void {
  for (const [name, value] of Object.entries(state)) core.saveState(name, value)
}

export function readState(): SavedState {
  return {
    step: core.getState('step'),
    baseDir: core.getState('baseDir'),
    appUrl: core.getState('appUrl'),
    runId: core.getState('runId'),
    token: core.getState('token'),
    keepWork: core.getState('keepWork') === 'true' ? 'true' : '',
    finished: core.getState('finished') === 'true' ? 'true' : '',
  }
}

export async function writeSummary(markdown: string): Promise<void> {
  if (!process.env.GITHUB_STEP_SUMMARY) return
  await core.summary.addRaw(markdown.slice(0, SUMMARY_CHARACTERS_MAX), true).write()
}

/** The job's identity; loaded only when there is an App to show it to. */
export function getIdentity(audience: string): Promise<string> {
  return core.getIDToken(audience)
}

function isHttpUrl(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol)
}
