/** `catalog/agents/<name>.agent.md`: front matter between two lines of `---`, then the agent's system text. */
import { readYaml, type Source, unfitText } from './document.ts'
import type { Problem } from './problem.ts'

export interface AgentFile {
  /** The front matter; its positions are those of the whole file. */
  readonly frontMatter: Source
  readonly systemText: string
}

const FRONT_MATTER = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)(?:^|\r?\n)---[ \t]*(?:\r?\n|$)/

export function readAgentFile(file: string, text: string): AgentFile | { problems: readonly Problem[] } {
  const match = FRONT_MATTER.exec(text)
  if (!match) {
    const finding = {
      wrong: 'the file does not begin with front matter',
      expected: 'keys between two lines of ---, then the agent’s instructions',
      example: '--- / name: engineer / description: Changes code in small steps / ---',
    }
    return { problems: [{ file, line: 1, column: 1, path: '', ...finding, severity: 'error' }] }
  }
  const body = text.slice(match[0].length)
  const unfit = unfitText(body)
  if (unfit) {
    const { position, ...finding } = unfit
    const line = position.line + (match[0].split('\n').length - 1)
    return { problems: [{ file, line, column: position.column, path: '', ...finding, severity: 'error' }] }
  }
  const frontMatter = readYaml(file, match[1] ?? '', { lineOffset: 1, example: 'name: engineer' })
  if ('problems' in frontMatter) return frontMatter
  return { frontMatter, systemText: body.replaceAll('\r\n', '\n').trim() }
}
