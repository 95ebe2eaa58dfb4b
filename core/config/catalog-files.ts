/** What each file of a layer is, by its path: a workflow, a variant, a prompt, an agent, or nothing that is read. */

import { grouped } from '../money/money.ts'
import { nearest } from '../nearest.ts'
import type { Layer } from './configuration.ts'
import { type Position, unfitText } from './document.ts'
import type { Finding, Problem } from './problem.ts'

/** Characters of a prompt or an agent's instructions; a plan carries no more. */
const PROMPT_CHARACTERS_MAX = 50_000

/** Of one prompt; more would only repeat themselves. */
const UNCLOSED_SHOWN_MAX = 5

/** A prompt's file for a person, and its text. */
export interface Prompt {
  readonly file: string
  readonly text: string
}

/** The files of one folder of one layer's catalog. */
export interface Folder {
  readonly layer: Layer
  readonly name: string
  workflow?: string | undefined
  readonly variants: Map<string, string>
  readonly prompts: Map<string, Prompt>
}

const WORKFLOW_PATH = /^catalog\/([^/]+)\/workflow\.yml$/
const VARIANT_PATH = /^catalog\/([^/]+)\/variants\/([^/]+)\.yml$/
const PROMPT_PATH = /^catalog\/([^/]+)\/([^/]+\.md)$/
const SKILL_PATH = /^catalog\/skills\/([^/]+)\/(.+\.md)$/
const AGENT_PATH = /^catalog\/agents\/([^/]+)\.agent\.md$/
const SETTINGS_FILES = ['portfolios.yml', 'promotion.yml']
/** Read elsewhere, or kept for people. */
const OTHER_PATH = /^(portfolios|promotion)\.yml$|(^|\/)(README|LICENSE)(\.md)?$/

export function sortFiles(layer: Layer): {
  folders: readonly Folder[]
  agentFiles: Map<string, string>
  /** Skill -> the paths of its files within its folder, and in the layer. */
  skillFiles: Map<string, Map<string, string>>
  strange: Problem[]
} {
  const folders = new Map<string, Folder>()
  const agentFiles = new Map<string, string>()
  const skillFiles = new Map<string, Map<string, string>>()
  const strange: Problem[] = []
  const folderOf = (name: string) => {
    const folder: Folder = folders.get(name) ?? { layer, name, variants: new Map(), prompts: new Map() }
    folders.set(name, folder)
    return folder
  }
  for (const path of [...layer.files.keys()].sort()) {
    const [, agent] = AGENT_PATH.exec(path) ?? []
    const [, workflow] = WORKFLOW_PATH.exec(path) ?? []
    const [, varied, variant] = VARIANT_PATH.exec(path) ?? []
    const [, prompted, prompt] = PROMPT_PATH.exec(path) ?? []
    const [, skill, file] = SKILL_PATH.exec(path) ?? []
    if (OTHER_PATH.test(path)) continue
    if (agent !== undefined) agentFiles.set(agent, path)
    else if (skill !== undefined && file !== undefined) {
      skillFiles.set(skill, (skillFiles.get(skill) ?? new Map<string, string>()).set(file, path))
    } else if (path.startsWith('catalog/agents/')) strange.push(strangeFile(layer, path))
    else if (workflow !== undefined) folderOf(workflow).workflow = path
    else if (varied !== undefined && variant !== undefined) folderOf(varied).variants.set(variant, path)
    else if (prompted !== undefined && prompt !== undefined) {
      const read = readPrompt(layer, path)
      strange.push(...read.problems)
      folderOf(prompted).prompts.set(prompt, read.prompt)
    } else if (/\.ya?ml$/.test(path)) strange.push(strangeFile(layer, path))
  }
  return { folders: [...folders.values()], agentFiles, skillFiles, strange }
}

/** An unfit prompt is still known to exist, so that only its own problem is named. */
function readPrompt(layer: Layer, path: string): { prompt: Prompt; problems: readonly Problem[] } {
  const file = fileOf(layer, path)
  const text = (layer.files.get(path) ?? '').replace(/^\ufeff/, '').replaceAll('\r\n', '\n')
  const unfit = unfitText(text)
  if (unfit) {
    const { position, ...finding } = unfit
    return { prompt: { file, text: '' }, problems: [wholeFile(file, finding, position)] }
  }
  const length = lengthFinding(text.trim(), 'the prompt', 'Cover the refactored code with tests.')
  const problems = [...(length ? [wholeFile(file, length)] : []), ...unclosedExpressions(file, text)]
  return { prompt: { file, text }, problems }
}

/** `${{` that no `}}` follows would reach the agent as it stands. */
function unclosedExpressions(file: string, text: string): Problem[] {
  return [...text.matchAll(/\$\{\{(?![^{}]*\}\})/g)].slice(0, UNCLOSED_SHOWN_MAX).map(({ index }) => {
    const before = text.slice(0, index).split('\n')
    const finding = { wrong: '`${{` is never closed', expected: '}} after the name', example: '${{ subject.files }}' }
    return wholeFile(file, finding, { line: before.length, column: (before.at(-1) ?? '').length + 1 })
  })
}

export function lengthFinding(text: string, what: string, example: string): Finding | undefined {
  if (text === '') return { wrong: `${what} is empty`, expected: 'instructions for the agent', example }
  if (text.length <= PROMPT_CHARACTERS_MAX) return undefined
  const expected = `at most ${grouped(PROMPT_CHARACTERS_MAX)} characters`
  return { wrong: `${what} is too long`, expected, example }
}

function strangeFile(layer: Layer, path: string): Problem {
  const isAgent = path.startsWith('catalog/agents/')
  const meant = path.includes('/') ? undefined : nearest(path, SETTINGS_FILES)
  if (meant !== undefined) {
    const finding = { wrong: 'nothing reads a file of this name', expected: meant, example: `git mv ${path} ${meant}` }
    return { ...wholeFile(fileOf(layer, path), finding), severity: 'warning' }
  }
  return {
    ...wholeFile(fileOf(layer, path), {
      wrong: 'nothing reads this file',
      expected: isAgent
        ? 'catalog/agents/<name>.agent.md'
        : 'portfolios.yml, promotion.yml, catalog/<name>/workflow.yml or catalog/<name>/variants/<name>.yml',
      example: isAgent ? 'catalog/agents/engineer.agent.md' : 'catalog/review/workflow.yml',
    }),
    severity: 'warning',
  }
}

export function wholeFile(
  file: string,
  finding: Finding,
  { line, column }: Position = { line: 1, column: 1 },
): Problem {
  return { file, line, column, path: '', ...finding, severity: 'error' }
}

export function fileOf(layer: Layer, path: string): string {
  return `${layer.root}/${path}`
}
