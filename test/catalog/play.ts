/** Plays a workflow of the built-in catalog with a recorded script, as `purser run` does. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import { z } from 'zod'
import { declaredConfiguration, readCheckout } from '../../cli/checkout.ts'
import type { CatalogWorkflow } from '../../core/config/configuration.ts'
import { findWorkflow } from '../../core/plan/resolve.ts'
import { isRefusal } from '../../core/reason.ts'
import { reportSchema } from '../../core/run/report.ts'
import { bubblewrap } from '../action/sandboxed.ts'
import { purserHere } from '../cli/here.ts'
import { commitAll, commitFirst, folder, PORTFOLIOS } from '../cli/purser.ts'
import { startModel } from '../world/model.ts'
import type { ChatRequest, Script } from '../world/model-contract.ts'
import { start } from '../world/start.ts'

const TILL = fileURLToPath(new URL('till/', import.meta.url))
/** What the till's commits say, in order; each lies in the folder of its number. */
const COMMITS = ['Split bills and print receipts', 'Simplify split()', 'Deal out the cents that are left']
export type Stage = 'sound' | 'broken' | 'mended'
const STAGES: readonly Stage[] = ['sound', 'broken', 'mended']

/** Every built-in workflow, in the bundles that the pages show. */
const portfolios = `version: 1
values:
  quality: { measure: rework-and-reverts }
  speed: { measure: first-run-to-merge }
  reliability: { measure: incident-open-hours, label: incident }
models: { default: gpt-5-mini }
portfolios:
  refactoring:
    purpose: Safer, faster refactors
    value: quality
    workflows: [refactor+tests, review, changelog]
    budget: { usd: 40, per: month }
  checks:
    purpose: Green pull requests sooner
    value: speed
    workflows: [fix-ci]
    budget: { usd: 20, per: month }
  incidents:
    purpose: Shorter incidents that happen once
    value: reliability
    workflows: [incident-triage, postmortem]
    budget: { usd: 60, per: month }
`

let kept: string | undefined

/** Every stage, made once for all tests of this process. */
function stages(): string {
  if (kept !== undefined) return kept
  const dir = mkdtempSync(join(inject('scratch'), 'purser-till-'))
  const root = join(dir, 'work')
  mkdirSync(dirname(join(root, PORTFOLIOS)), { recursive: true })
  writeFileSync(join(root, PORTFOLIOS), portfolios)
  commitFirst(root)
  for (const [index, commit] of readdirSync(TILL).sort().entries()) {
    cpSync(join(TILL, commit), root, { recursive: true })
    commitAll(root, COMMITS[index])
    cpSync(root, join(dir, STAGES[index] ?? ''), { recursive: true })
  }
  kept = dir
  return dir
}

/** The repository with its history up to a stage; the tests fail in `broken` alone. */
export function till(stage: Stage, root = folder()): string {
  cpSync(join(stages(), stage), root, { recursive: true })
  return root
}

export async function testsPass(root: string): Promise<boolean> {
  const args = ['--test', '--test-isolation=none']
  const tests = start(process.execPath, args, { cwd: root, env: { PATH: process.env.PATH ?? '' } })
  return (await tests.ended).code === 0
}

const documentSchema = z.object({
  report: reportSchema,
  work: z.object({ applied: z.boolean(), patch: z.string().nullable() }),
})

export type Played = z.infer<typeof documentSchema> & {
  readonly code: number | null
  readonly requests: readonly ChatRequest[]
  /** The workflow as the catalog declares it. */
  readonly declared: CatalogWorkflow
}

export async function play(
  root: string,
  target: string,
  inputs: readonly string[],
  scripts: Script[],
): Promise<Played> {
  const model = await startModel({ scripts })
  try {
    const unconfined = bubblewrap ? [] : ['--no-sandbox']
    const said = await purserHere(['run', target, ...inputs, '--dir', root, '--json', ...unconfined], {
      env: {
        PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
        OPENAI_API_KEY: 'sk-scripted',
        OPENAI_BASE_URL: model.url,
      },
    })
    const document = documentSchema.safeParse(JSON.parse(said.stdout || '{}'))
    if (!document.success) throw new Error(`${said.stdout}${said.stderr}`)
    const requests = model.calls().map(({ request }) => request)
    return { ...document.data, code: said.code, requests, declared: declaredIn(root, target) }
  } finally {
    await model.close()
  }
}

function declaredIn(root: string, target: string): CatalogWorkflow {
  const checkout = readCheckout(root)
  const configuration = isRefusal(checkout) ? checkout : declaredConfiguration(checkout)
  if (isRefusal(configuration)) throw new Error(configuration.message)
  const [workflow = '', variant] = target.split('/')
  const found = findWorkflow(configuration, { workflow, variant })
  if (isRefusal(found)) throw new Error(found.message)
  return found.workflow
}

/** The paths that a run hands over. */
export function pathsOf({ report }: Played): string[] {
  return (report.delivery?.changeset?.files ?? []).map(({ path }) => path)
}
