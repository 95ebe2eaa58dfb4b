/** `purser eject`: a built-in workflow, with all that it names, becomes the repository's own. */
import type { Configuration, Family, Layer } from '../../core/config/configuration.ts'
import { payerOf } from '../../core/money/payer.ts'
import { findWorkflow } from '../../core/plan/resolve.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { type Checkout, declaredConfiguration, readCheckout } from '../checkout.ts'
import type { EjectOptions } from '../commands/eject.ts'
import { type ExitCode, endRefused, exitCodes } from '../exit.ts'
import { LAYER_FOLDER } from '../layers.ts'
import { type LayerFiles, schemasNamedIn, writeLayerFiles } from './layer-files.ts'
import { neededFolders } from './needed-folders.ts'
import { choosePayer, withWorkflow } from './portfolio-entry.ts'
import { sayWritten } from './say-written.ts'

export function eject(name: string, { dir, organisation, portfolio, json }: EjectOptions): ExitCode {
  const checkout = readCheckout(dir, organisation)
  if (isRefusal(checkout)) return endRefused(checkout, json)
  const configuration = declaredConfiguration(checkout)
  if (isRefusal(configuration)) return endRefused(configuration, json)
  const family = ejectable(configuration, name)
  if (isRefusal(family)) return endRefused(family, json)
  const copied = copyFamily(checkout, configuration, family)
  if (isRefusal(copied)) return endRefused(copied, json)
  const payer = payFor(checkout, configuration, name, portfolio)
  if (isRefusal(payer)) return endRefused(payer, json)
  const written = writeLayerFiles(checkout, { added: copied.added, portfolios: payer.portfolios })
  if (isRefusal(written)) return endRefused(written, json)
  const next = [
    `Change it in ${LAYER_FOLDER}/catalog/${name}; until you do, it works as before.`,
    ...alsoYours(copied.added, configuration, name),
    'Commit it to the default branch. What comes with a newer Purser no longer reaches it.',
  ]
  sayWritten({ written, kept: copied.kept.map((path) => `${LAYER_FOLDER}/${path}`), next }, json)
  return exitCodes.done
}

/** The built-in family of that name, while it is the one in use. */
function ejectable(configuration: Configuration, name: string): Family | Refusal {
  const found = findWorkflow(configuration, { workflow: name, variant: undefined })
  if (isRefusal(found)) return found
  const family = configuration.families.get(name)
  if (family?.layer === 'built-in') return family
  const owner = family?.layer === 'organisation' ? 'the organisation’s' : 'this repository’s'
  return refuse('already-there', `\`${name}\` is ${owner} own already: ${family?.file}.`, 'Change it there.')
}

/**
 * With all that its steps name. A repository may have laid variants and agents of its own over the built-in ones: these
 * stay, and count as before.
 */
export function copyFamily(
  checkout: Pick<Checkout, 'layers'>,
  configuration: Configuration,
  family: Family,
): { added: Map<string, string>; kept: readonly string[] } | Refusal {
  const builtIn = layerOf(checkout, 'built-in')
  const own = layerOf(checkout, 'repository')
  const folders = neededFolders(configuration, family.name)
  const wanted = [...builtIn].filter(([path]) => folders.some((folder) => path.startsWith(folder)))
  const clash = wanted.find(([path, text]) => path.endsWith('.md') && own.has(path) && own.get(path) !== text)
  if (clash) {
    const message = `${LAYER_FOLDER}/${clash[0]} is there already and says something else than the built-in one.`
    return refuse('already-there', message, 'Give it another name, in the variant that names it too.')
  }
  const schemas = schemasNamedIn(checkout)
  const added = wanted
    .filter(([path]) => !own.has(path))
    .map(([path, text]) => [path, withSchema(text, schemas)] as const)
  return { added: new Map(added), kept: wanted.map(([path]) => path).filter((path) => own.has(path)) }
}

/** A workflow of the repository that nothing pays for is a problem; a built-in one was simply not on offer. */
function payFor(
  checkout: Checkout,
  configuration: Configuration,
  name: string,
  named: string | undefined,
): Pick<LayerFiles, 'portfolios'> | Refusal {
  const paying = payerOf(configuration, name)
  if (paying && (named ?? paying.name) === paying.name) return {}
  if (paying)
    return refuse(
      'already-there',
      `\`${name}\` is paid by the ${paying.kind} \`${paying.name}\` already.`,
      'Leave --portfolio out.',
    )
  const payer = choosePayer(configuration, named)
  if (isRefusal(payer)) return payer
  const portfolios = withWorkflow(checkout, payer.name, name)
  return isRefusal(portfolios) ? portfolios : { portfolios }
}

function alsoYours(added: ReadonlyMap<string, string>, { families }: Configuration, name: string): string[] {
  const copied = [...added.keys()]
  const workflows = copied.flatMap((path) => /^catalog\/(.+)\/workflow\.yml$/.exec(path)?.[1] ?? [])
  const nested = workflows
    .filter((workflow) => workflow !== name)
    .map((workflow) => `The workflow ${workflow}, which it has as a step, is yours too now.`)
  const agents = copied.flatMap((path) => /^catalog\/agents\/(.+)\.agent\.md$/.exec(path)?.[1] ?? [])
  return [
    ...nested,
    ...agents.flatMap((agent) => {
      const others = [...families.values()].filter(
        (family) =>
          family.name !== name && family.baseline.steps.some((step) => 'agent' in step && step.agent === agent),
      )
      if (others.length === 0) return []
      const [last = '', ...more] = others.map((one) => one.name).reverse()
      const they = more.length === 0 ? `${last} names` : `${more.reverse().join(', ')} and ${last} name`
      return [`The agent ${agent} is yours too now, also where ${they} it.`]
    }),
  ]
}

function layerOf({ layers }: Pick<Checkout, 'layers'>, name: Layer['name']): ReadonlyMap<string, string> {
  return layers.find((layer) => layer.name === name)?.files ?? new Map()
}

/** The schema lies beside the built-in catalog, and elsewhere for everybody else. */
function withSchema(text: string, schemas: string): string {
  return text.replace(
    /(\$schema=)\S*(\/[a-z]+\.schema\.json)/,
    (_, before: string, file: string) => `${before}${schemas}${file}`,
  )
}
