/** The plan of a run that no App keeps the books of: resolved here, from the default branch, under its cap alone. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { OverrideName } from '../core/command.ts'
import { LAYER_FILE_BYTES_MAX, LAYER_FILES_MAX, type Layer } from '../core/config/configuration.ts'
import { loadConfiguration } from '../core/config/load.ts'
import { formatProblem } from '../core/config/problem.ts'
import { inheritsOrganisation } from '../core/config/settings.ts'
import type { Plan, Subject } from '../core/plan.ts'
import { parseKeptPrices } from '../core/prices.ts'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import { resolveRun } from '../core/resolve.ts'
import { type Git, readBlobs } from './git.ts'

const FOLDER = '.github/purser'
const PROBLEMS_SHOWN_MAX = 5

export interface OwnRequest {
  readonly workflow: string
  readonly variant?: string | undefined
  readonly portfolio?: string | undefined
  readonly inputs: Readonly<Record<string, string>>
  readonly overrides: Readonly<Partial<Record<OverrideName, string>>>
}

/** `git` reads the repository's layer at `configSha`; `packageDir` is where the built-in catalog lies. */
export async function resolveOwnPlan(
  request: OwnRequest,
  subject: Subject,
  git: Git,
  configSha: string,
  packageDir: string,
  today: string,
): Promise<Plan | Refusal> {
  const layer = await readRepositoryLayer(git, configSha)
  if (isRefusal(layer)) return layer
  if (inheritsOrganisation(layer)) {
    return refuse(
      'organisation-layer-unreadable',
      'The repository inherits from its organisation, whose layer only the App can read.',
      'Set `app-url`, or declare `inherit: none`.',
    )
  }
  const loaded = loadConfiguration([readBuiltInLayer(packageDir), layer], today)
  if ('problems' in loaded) {
    const shown = loaded.problems.slice(0, PROBLEMS_SHOWN_MAX).map(formatProblem)
    return refuse('configuration-invalid', `What the repository declares has problems:\n${shown.join('\n')}`)
  }
  const { configuration } = loaded
  if (!configuration.declared) return refuse('no-configuration')
  if (configuration.portfolios['without-app'] === 'refuse') return refuse('app-required')
  const prices = parseKeptPrices(readFileSync(join(packageDir, 'catalog', 'prices.json'), 'utf8'))
  const resolved = resolveRun(configuration, request, subject, prices)
  if (isRefusal(resolved)) return resolved
  if (request.portfolio !== undefined && request.portfolio !== resolved.portfolioName) {
    return refuse(
      'no-portfolio',
      `The workflow is paid by the portfolio \`${resolved.portfolioName}\`, not by \`${request.portfolio}\`.`,
      'Leave `portfolio` out, or move the workflow on the default branch.',
    )
  }
  return { ...resolved.plan, configSha }
}

/** What lies in `.github/purser` at one commit; nothing is read from the work tree. */
async function readRepositoryLayer(git: Git, configSha: string): Promise<Layer | Refusal> {
  const listed = await git.text(['ls-tree', '-r', '-z', '--full-tree', configSha, `${FOLDER}/`])
  const entries = listed.split('\0').flatMap((line) => {
    const match = /^100\d{3} blob ([0-9a-f]+)\t(.+)$/s.exec(line)
    return match?.[1] !== undefined && match[2] !== undefined ? [{ blob: match[1], path: match[2] }] : []
  })
  if (entries.length > LAYER_FILES_MAX) {
    return refuse(
      'configuration-invalid',
      `${FOLDER} has ${entries.length} files; at most ${LAYER_FILES_MAX} are read.`,
    )
  }
  const blobs = await readBlobs(
    git,
    entries.map((entry) => entry.blob),
    LAYER_FILE_BYTES_MAX,
  )
  const files = new Map<string, string>()
  for (const { blob, path } of entries) {
    const content = blobs.get(blob)
    if (content === undefined) {
      return refuse('configuration-invalid', `${path} is longer than ${LAYER_FILE_BYTES_MAX} bytes or can’t be read.`)
    }
    files.set(path.slice(FOLDER.length + 1), content.toString('utf8'))
  }
  return { name: 'repository', root: FOLDER, files }
}

/** The catalog that comes with Purser: the folder `catalog` of this package. */
function readBuiltInLayer(packageDir: string): Layer {
  const root = join(packageDir, 'catalog')
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()
  const files = names
    .filter((name) => /\.(md|ya?ml)$/.test(name) && statSync(join(root, name)).isFile())
    .map((name): [string, string] => [`catalog/${name.replaceAll('\\', '/')}`, readFileSync(join(root, name), 'utf8')])
  return { name: 'built-in', root: 'purser', files: new Map(files) }
}
