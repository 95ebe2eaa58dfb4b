/** The plan of a run that no App keeps the books of: resolved here, from the default branch, under its cap alone. */
import { createHash } from 'node:crypto'
import { listBuiltIn, readBuiltInLayer, readKeptPrices } from '../catalog/built-in.ts'
import type { OverrideName } from '../core/command/command.ts'
import { NESTED_DEPTH_MAX } from '../core/config/check-nested.ts'
import { LAYER_FILE_BYTES_MAX, LAYER_FILES_MAX, type Layer } from '../core/config/configuration.ts'
import { loadConfiguration } from '../core/config/load.ts'
import { formatProblem } from '../core/config/problem.ts'
import { inheritsOrganisation, PORTFOLIOS } from '../core/config/settings.ts'
import { assignSide, withWayOut } from '../core/plan/assignment.ts'
import type { Plan, Subject } from '../core/plan/plan.ts'
import { resolveRun } from '../core/plan/resolve.ts'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import type { ObjectReader } from './workspace/objects.ts'

const FOLDER = '.github/purser'
const AGENTS = 'agents'
const PROBLEMS_SHOWN_MAX = 5
const FOLDERS_DEEP_MAX = 10
const TREE_BYTES_MAX = 1_000_000

export interface OwnRequest {
  readonly workflow: string
  readonly variant?: string | undefined
  readonly portfolio?: string | undefined
  readonly inputs: Readonly<Record<string, string>>
  readonly overrides: Readonly<Partial<Record<OverrideName, string>>>
}

/** `objects` has the repository's layer at `configSha`; `builtInDir` is where what comes with Purser lies. */
export async function resolveOwnPlan(
  request: OwnRequest,
  subject: Subject,
  objects: ObjectReader,
  configSha: string,
  builtInDir: string,
  now: Date,
): Promise<Plan | Refusal> {
  const reading = readRepositoryLayer(objects, configSha)
  // While git answers.
  const builtIn = listBuiltIn(builtInDir)
  const prices = readKeptPrices(builtInDir)
  const layer = await reading
  if (isRefusal(layer)) return layer
  if (inheritsOrganisation(layer)) {
    return refuse(
      'organisation-layer-unreadable',
      'The repository inherits from its organisation, whose layer only the App can read.',
      'Set `app-url`, or declare `inherit: none`.',
    )
  }
  const today = now.toISOString().slice(0, 10)
  const loaded = loadConfiguration([readNeededBuiltIn(builtInDir, builtIn, layer, request.workflow), layer], today)
  if ('problems' in loaded) {
    const errors = loaded.problems.filter(({ severity }) => severity === 'error')
    const shown = errors.slice(0, PROBLEMS_SHOWN_MAX).map(formatProblem)
    const more = errors.length > shown.length ? [`and ${errors.length - shown.length} more`] : []
    const said = ['What the repository declares has problems:', ...shown, ...more].join('\n')
    return refuse('configuration-invalid', said)
  }
  const { configuration } = loaded
  if (!configuration.declared) return refuse('no-configuration')
  if (configuration.portfolios['without-app'] === 'refuse') return refuse('app-required')
  const sided = assignSide(configuration, request, subject, (text) => createHash('sha256').update(text).digest('hex'))
  const resolved = resolveRun(configuration, sided, subject, prices, now)
  if (isRefusal(resolved)) return withWayOut(resolved, sided)
  const { payer, plan } = resolved
  if (request.portfolio !== undefined && request.portfolio !== payer.name) {
    return refuse(
      'no-portfolio',
      `The workflow is paid by the ${payer.kind} \`${payer.name}\`, not by \`${request.portfolio}\`.`,
      'Leave `portfolio` out, or move the workflow on the default branch.',
    )
  }
  return { ...plan, configSha }
}

/** What lies in `.github/purser` at one commit; nothing is read from the work tree, and links are not followed. */
async function readRepositoryLayer(objects: ObjectReader, configSha: string): Promise<Layer | Refusal> {
  const blobs = await listBlobs(objects, `${configSha}:${FOLDER}`)
  if (blobs === undefined || blobs.length > LAYER_FILES_MAX) {
    return refuse(
      'configuration-invalid',
      `${FOLDER} has more than ${LAYER_FILES_MAX} files, which is the most that are read.`,
    )
  }
  const read = blobs.map(async ({ path, id }) => ({ path, blob: await objects.read(id, LAYER_FILE_BYTES_MAX) }))
  const files = new Map<string, string>()
  for (const { path, blob } of await Promise.all(read)) {
    if (blob === undefined)
      return refuse('configuration-invalid', `${FOLDER}/${path} has more than ${LAYER_FILE_BYTES_MAX} bytes.`)
    files.set(path, blob.content.toString('utf8'))
  }
  return { name: 'repository', root: FOLDER, files }
}

/**
 * Every plain file below a tree, with its path; `undefined` when there are more than a layer may have. All folders of
 * one depth are asked for at once.
 */
async function listBlobs(objects: ObjectReader, tree: string): Promise<{ path: string; id: string }[] | undefined> {
  const found: { path: string; id: string }[] = []
  let folders = [{ path: '', id: tree }]
  for (let depth = 0; folders.length > 0; depth += 1) {
    if (depth === FOLDERS_DEEP_MAX) return undefined
    const listed = folders.map(async ({ path, id }) => {
      const entries = (await objects.readTree(id, TREE_BYTES_MAX)) ?? []
      return entries.map((entry) => ({ mode: entry.mode, path: `${path}${entry.name}`, id: entry.id }))
    })
    const entries = (await Promise.all(listed)).flat()
    found.push(...entries.filter(({ mode }) => mode.startsWith('100')))
    folders = entries.filter(({ mode }) => mode === '40000').map(({ path, id }) => ({ path: `${path}/`, id }))
    if (found.length + folders.length > LAYER_FILES_MAX) return undefined
  }
  return found
}

/**
 * The part of the catalog that comes with Purser that this run can lean on: the workflows that the repository's
 * portfolios name, and the agents that they or the repository's own name. The rest can't be run here, and reading it
 * would only take time.
 */
function readNeededBuiltIn(folder: string, paths: readonly string[], repository: Layer, workflow: string): Layer {
  const portfolios = repository.files.get(PORTFOLIOS) ?? ''
  const wanted = (name: string) => name === workflow || portfolios.includes(name)
  let workflows = pathsOf(paths, (name) => wanted(name) || isNested(name, repository.files))
  let { files } = readBuiltInLayer(folder, workflows)
  // What these nest is read as well, and what that nests.
  for (let depth = 0; depth < NESTED_DEPTH_MAX; depth += 1) {
    const read = workflows
    const more = pathsOf(paths, (name) => isNested(name, files)).filter((path) => !read.includes(path))
    if (more.length === 0) break
    workflows = [...workflows, ...more]
    files = readBuiltInLayer(folder, workflows).files
  }
  const texts = [...files.values(), ...repository.files.values()]
  const agents = paths.filter((path) => {
    const [, name] = /^agents\/([^.]+)/.exec(path) ?? []
    return name !== undefined && texts.some((text) => text.includes(name))
  })
  return readBuiltInLayer(folder, [...workflows, ...agents])
}

/** The paths of the built-in workflows that are wanted by name. */
function pathsOf(paths: readonly string[], isWanted: (name: string) => boolean): string[] {
  return paths.filter((path) => {
    const [name = ''] = path.split('/')
    return name !== AGENTS && isWanted(name)
  })
}

/** Whether a step of any of these files may name the workflow; a word too many only costs its reading. */
function isNested(name: string, files: ReadonlyMap<string, string>): boolean {
  return [...files].some(([path, text]) => path.endsWith('.yml') && text.includes('workflow:') && text.includes(name))
}
