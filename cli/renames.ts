/** What git's history says of names that `portfolios.yml` gave its accounts before. */
import { readYaml } from '../core/config/document.ts'
import { type EarlierVersion, hasRenamed, omittedNames } from '../core/config/omitted-names.ts'
import type { Problem } from '../core/config/problem.ts'
import { PORTFOLIOS } from '../core/config/settings.ts'
import type { Checkout } from './checkout.ts'
import { git } from './git.ts'
import { LAYER_FOLDER } from './layers.ts'

const FILE = `${LAYER_FOLDER}/${PORTFOLIOS}`
/** Changes of the file that are looked back on. */
const VERSIONS_MAX = 200

/** None where there is no history, as in a shallow clone. */
export function renameProblems({ root, layers, loaded }: Checkout, now: Date): readonly Problem[] {
  const text = layers.at(-1)?.files.get(PORTFOLIOS)
  if (text === undefined || 'problems' in loaded) return []
  const { portfolios } = loaded.configuration
  if (!hasRenamed(portfolios)) return []
  const source = readYaml(FILE, text)
  return 'problems' in source ? [] : omittedNames(source, portfolios, versionsOf(root), now)
}

/** As the default branch had them, the newest first: what stood on another branch alone has opened no account. */
function versionsOf(root: string): readonly EarlierVersion[] {
  const known = git(root, ['rev-parse', '--verify', '--quiet', 'refs/remotes/origin/HEAD'])
  const log = ['log', '--first-parent', `--max-count=${VERSIONS_MAX}`, '--format=%H %cI', known ?? 'HEAD', '--', FILE]
  const lines = git(root, log)?.split('\n') ?? []
  return lines.flatMap((line) => {
    const [sha = '', since = ''] = line.split(' ')
    const text = sha === '' ? undefined : git(root, ['show', `${sha}:./${FILE}`])
    const source = text === undefined ? undefined : readYaml(FILE, text)
    return source === undefined || 'problems' in source ? [] : [{ since: new Date(since), value: source.value }]
  })
}
