/** The catalog of all layers: which workflows, variants and agents there are, each from the highest layer that has it. */

import { isMapping } from '../mapping.ts'
import { nearest } from '../nearest.ts'
import { readAgentFile } from './agent-file.ts'
import { type Folder, fileOf, lengthFinding, type Prompt, sortFiles, wholeFile } from './catalog-files.ts'
import type { CatalogAgent, CatalogVariant, CatalogWorkflow, Family, Layer, LayerName } from './configuration.ts'
import { readYaml, type Source } from './document.ts'
import { checkSchema, problemAt } from './explain.ts'
import { layOver, overlaidSource } from './overlay.ts'
import type { Problem } from './problem.ts'
import { readSkill, type Skill } from './skill.ts'
import { agentFrontMatterSchema, type Variant, variantSchema, workflowSchema } from './workflow.ts'

/** A workflow, or a variant laid over one, with the places of its parts. */
export interface LocatedWorkflow {
  readonly family: string
  readonly variant: string | undefined
  readonly layer: LayerName
  readonly source: Source
  readonly workflow: CatalogWorkflow
  /** The prompt files that its steps name and that exist. */
  readonly prompts: ReadonlyMap<string, Prompt>
  readonly squad?: string | undefined
  /** For a variant: the workflow it is laid over. */
  readonly baseline?: LocatedWorkflow
}

export interface LocatedAgent {
  readonly agent: CatalogAgent
  readonly source: Source
}

export interface Catalog {
  readonly families: ReadonlyMap<string, Family>
  readonly workflows: readonly LocatedWorkflow[]
  readonly agents: ReadonlyMap<string, LocatedAgent>
  readonly skills: ReadonlyMap<string, Skill>
  /** Names of workflows and agents that are there but can't be read, so that nothing else calls them unknown. */
  readonly unreadable: {
    readonly workflows: ReadonlySet<string>
    readonly agents: ReadonlySet<string>
    readonly skills: ReadonlySet<string>
  }
  readonly problems: readonly Problem[]
}

/**
 * What a layer's workflows and agents say by themselves, by their paths. Nothing of a layer ever changes, and the built-in one is
 * read below that of every repository.
 */
const workflowsOf = new WeakMap<Layer, Map<string, ReadWorkflow>>()
const agentsOf = new WeakMap<Layer, Map<string, ReadAgent>>()

function once<Read>(known: WeakMap<Layer, Map<string, Read>>, layer: Layer, path: string, read: () => Read): Read {
  const files = known.get(layer) ?? new Map<string, Read>()
  known.set(layer, files)
  const said = files.get(path) ?? read()
  files.set(path, said)
  return said
}

export function readCatalog(layers: readonly Layer[]): Catalog {
  const problems: Problem[] = []
  const agents = new Map<string, LocatedAgent>()
  const families = new Map<string, FamilyParts>()
  const skills = new Map<string, Skill>()
  const unreadable = { workflows: new Set<string>(), agents: new Set<string>(), skills: new Set<string>() }
  for (const layer of layers) {
    const { folders, agentFiles, skillFiles, strange } = sortFiles(layer)
    problems.push(...strange)
    for (const [name, path] of agentFiles) {
      const read = once(agentsOf, layer, path, () => readAgent(layer, name, path))
      if ('problems' in read) {
        problems.push(...read.problems)
        unreadable.agents.add(name)
      } else agents.set(name, read)
    }
    for (const [name, paths] of skillFiles) {
      const read = readLayerSkill(layer, name, paths)
      if ('problems' in read) {
        problems.push(...read.problems)
        unreadable.skills.add(name)
      } else skills.set(name, read)
    }
    for (const folder of folders) {
      problems.push(...readFolder(folder, families))
      if (!families.has(folder.name)) unreadable.workflows.add(folder.name)
    }
  }
  const parts = [...families.values()]
  return {
    families: new Map(parts.map((one) => [one.name, familyOf(one)])),
    workflows: parts.flatMap(({ baseline, variants }) =>
      [baseline, ...variants.values()].map(({ located }) => located),
    ),
    agents,
    skills,
    unreadable,
    problems,
  }
}

interface FamilyParts {
  readonly name: string
  readonly baseline: {
    readonly located: LocatedWorkflow
    readonly written: Record<string, unknown>
    readonly prompts: ReadonlyMap<string, Prompt>
  }
  readonly variants: Map<string, VariantParts>
}

interface VariantParts {
  readonly located: LocatedWorkflow
  readonly overlay: Variant
  /** The overlay as written. */
  readonly text: string
}

function familyOf({ name, baseline: { located }, variants }: FamilyParts): Family {
  const variantOf = (variant: string, { located: own, overlay, text }: VariantParts): CatalogVariant => ({
    name: variant,
    layer: own.layer,
    file: own.source.file,
    overlay,
    source: text,
    workflow: own.workflow,
    merged: own.source.value,
  })
  return {
    name,
    layer: located.layer,
    file: located.source.file,
    baseline: located.workflow,
    variants: new Map([...variants].map(([variant, parts]) => [variant, variantOf(variant, parts)])),
  }
}

/** A folder with a `workflow.yml` replaces the family of that name with all its variants; one without adds variants. */
function readFolder(folder: Folder, families: Map<string, FamilyParts>): readonly Problem[] {
  const problems: Problem[] = []
  if (folder.workflow !== undefined) {
    families.delete(folder.name)
    const { layer, workflow } = folder
    const read = once(workflowsOf, layer, workflow, () => readWorkflow(folder, workflow))
    // Nothing can be said about the variants of a baseline that can't be read.
    if ('problems' in read) return read.problems
    families.set(folder.name, { name: folder.name, baseline: read, variants: new Map() })
  }
  const family = families.get(folder.name)
  if (!family) return [...problems, homeless(folder, [...families.keys()])]
  for (const [name, path] of folder.variants) {
    const read = readVariant(folder, name, path, family)
    if ('problems' in read) problems.push(...read.problems)
    else family.variants.set(name, read)
  }
  if (folder.workflow === undefined && folder.variants.size === 0) problems.push(homeless(folder, []))
  return problems
}

type ReadWorkflow = FamilyParts['baseline'] | { readonly problems: readonly Problem[] }

function readWorkflow(folder: Folder, path: string): ReadWorkflow {
  const source = readYaml(fileOf(folder.layer, path), folder.layer.files.get(path) ?? '', {
    example: `name: ${folder.name}`,
  })
  if ('problems' in source) return source
  const checked = checkSchema(workflowSchema, source.value, [source])
  if ('problems' in checked) return checked
  if (checked.value.name !== folder.name) {
    const finding = {
      wrong: `differs from its folder, ${folder.name}`,
      expected: 'the folder’s name',
      example: `name: ${folder.name}`,
    }
    return { problems: [problemAt([source], ['name'], finding)] }
  }
  const { prompts, texts } = promptsOf(checked.value.steps, folder.prompts)
  const located: LocatedWorkflow = {
    family: folder.name,
    variant: undefined,
    layer: folder.layer.name,
    source,
    workflow: { ...checked.value, prompts: texts },
    prompts,
  }
  return { located, written: isMapping(source.value) ? source.value : {}, prompts: folder.prompts }
}

function readVariant(folder: Folder, name: string, path: string, { baseline }: FamilyParts) {
  const text = folder.layer.files.get(path) ?? ''
  const source = readYaml(fileOf(folder.layer, path), text, { example: 'summary: Write the tests first' })
  if ('problems' in source) return source
  const misnamed = nameProblem(source, name, 'a variant’s file')
  if (misnamed) return { problems: [misnamed] }
  const overlay = checkSchema(variantSchema, source.value, [source])
  if ('problems' in overlay) return overlay
  const laid = layOver(baseline.written, isMapping(source.value) ? source.value : {})
  if (laid.findings.length > 0) {
    return { problems: laid.findings.map(({ path: at, finding }) => problemAt([source], at, finding)) }
  }
  const merged = overlaidSource(source, laid.value)
  const checked = checkSchema(workflowSchema, laid.value, [merged])
  if ('problems' in checked) return checked
  const { prompts, texts } = promptsOf(checked.value.steps, new Map([...baseline.prompts, ...folder.prompts]))
  const located: LocatedWorkflow = {
    family: folder.name,
    variant: name,
    layer: folder.layer.name,
    source: merged,
    workflow: { ...checked.value, prompts: texts },
    prompts,
    squad: overlay.value.squad,
    baseline: baseline.located,
  }
  return { located, overlay: overlay.value, text }
}

type ReadAgent = LocatedAgent | { readonly problems: readonly Problem[] }

function readAgent(layer: Layer, name: string, path: string): ReadAgent {
  const file = readAgentFile(fileOf(layer, path), layer.files.get(path) ?? '')
  if ('problems' in file) return file
  const { frontMatter, systemText } = file
  const checked = checkSchema(agentFrontMatterSchema, frontMatter.value, [frontMatter])
  if ('problems' in checked) return checked
  const problems: Problem[] = []
  if (checked.value.name !== name) {
    const finding = {
      wrong: `differs from its file, ${name}.agent.md`,
      expected: 'the file’s name',
      example: `name: ${name}`,
    }
    problems.push(problemAt([frontMatter], ['name'], finding))
  }
  // The default of a repository is a model of the other interface.
  if (checked.value.runtime === 'claude-code' && checked.value.model === undefined) {
    const finding = {
      wrong: 'Claude Code has no model',
      expected: 'a model of Anthropic’s interface',
      example: 'model: claude-sonnet-5',
    }
    problems.push(problemAt([frontMatter], ['runtime'], finding))
  }
  const length = lengthFinding(systemText, 'the agent’s instructions', 'You are a careful software engineer.')
  if (length) problems.push(wholeFile(frontMatter.file, length))
  return problems.length > 0
    ? { problems }
    : { agent: { ...checked.value, layer: layer.name, systemText }, source: frontMatter }
}

function readLayerSkill(layer: Layer, name: string, paths: ReadonlyMap<string, string>) {
  const files = [...paths].map(([within, path]) => {
    const text = (layer.files.get(path) ?? '').replaceAll('\r\n', '\n')
    return [within, { file: fileOf(layer, path), text }] as const
  })
  return readSkill(fileOf(layer, `catalog/skills/${name}`), name, new Map(files))
}

function promptsOf(steps: CatalogWorkflow['steps'], available: ReadonlyMap<string, Prompt>) {
  const named = steps.flatMap((step) => ('prompt' in step ? [step.prompt] : []))
  const prompts = new Map([...available].filter(([file]) => named.includes(file)))
  return { prompts, texts: Object.fromEntries([...prompts].map(([file, { text }]) => [file, text])) }
}

function nameProblem(source: Source, name: string, what: string): Problem | undefined {
  if (/^[a-z][a-z0-9]*([-+][a-z0-9]+)*$/.test(name) && name.length <= 50) return undefined
  const finding = {
    wrong: `${what} is named "${name.slice(0, 60)}"`,
    expected: 'lower-case letters, digits, "-" and "+"',
    example: 'tests-first.yml',
  }
  return wholeFile(source.file, finding)
}

function homeless({ layer, name, variants, prompts }: Folder, known: readonly string[]): Problem {
  const [variant] = variants.values()
  const [prompt] = prompts.values()
  const file = variant === undefined ? (prompt?.file ?? fileOf(layer, `catalog/${name}`)) : fileOf(layer, variant)
  const near = nearest(name, known)
  return wholeFile(file, {
    wrong:
      variant === undefined
        ? `the folder ${name} has neither a workflow nor variants`
        : `there is no workflow ${name} that this could be a variant of`,
    expected:
      near === undefined
        ? `catalog/${name}/workflow.yml beside it`
        : `catalog/${name}/workflow.yml beside it, or a variant of ${near}`,
    example:
      near === undefined
        ? `name: ${name}`
        : `catalog/${near}/variants/${variant?.split('/').at(-1) ?? 'tests-first.yml'}`,
  })
}
