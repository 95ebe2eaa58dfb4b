/** `catalog/skills/<name>/`: a `SKILL.md` and what it refers to, Markdown alone, which an agent reads when it needs it. */
import { z } from 'zod/mini'
import { readAgentFile } from './agent-file.ts'
import { type fileOf, wholeFile } from './catalog-files.ts'
import { unfitText } from './document.ts'
import { checkSchema, problemAt } from './explain.ts'
import type { Problem } from './problem.ts'
import { name } from './units.ts'

/** Of all files of a skill: a plan carries them. */
const SKILL_CHARACTERS_MAX = 60_000
const MAIN = 'SKILL.md'

/** What other tools write besides is left alone, so that a skill written for them works here. */
const frontMatterSchema = z.object({ name, description: z.string().check(z.trim(), z.minLength(3), z.maxLength(1024)) })

export interface Skill {
  readonly name: string
  readonly description: string
  /** Path within its folder -> text; `SKILL.md` without its front matter. */
  readonly files: Readonly<Record<string, string>>
}

/** `files`: path within the folder -> the file for a person, and its text. */
export function readSkill(
  folder: string,
  named: string,
  files: ReadonlyMap<string, { readonly file: ReturnType<typeof fileOf>; readonly text: string }>,
): Skill | { readonly problems: readonly Problem[] } {
  const main = files.get(MAIN)
  if (!main) {
    const finding = {
      wrong: `the skill ${named} has no ${MAIN}`,
      expected: `${folder}/${MAIN}`,
      example: `name: ${named}`,
    }
    return { problems: [wholeFile(`${folder}/${MAIN}`, finding)] }
  }
  const unfit = [...files.values()].flatMap(({ file, text }): Problem[] => {
    const found = unfitText(text)
    if (!found) return []
    const { position, ...finding } = found
    return [wholeFile(file, finding, position)]
  })
  if (unfit.length > 0) return { problems: unfit }
  const read = readAgentFile(main.file, main.text)
  if ('problems' in read) return read
  const checked = checkSchema(frontMatterSchema, read.frontMatter.value, [read.frontMatter])
  if ('problems' in checked) return checked
  if (checked.value.name !== named) {
    const finding = {
      wrong: `differs from its folder, ${named}`,
      expected: 'the folder’s name',
      example: `name: ${named}`,
    }
    return { problems: [problemAt([read.frontMatter], ['name'], finding)] }
  }
  const others = [...files].map(([path, { text }]): [string, string] => [path, text])
  const texts = Object.fromEntries([...others, [MAIN, read.systemText]])
  if (Object.values(texts).join('').length > SKILL_CHARACTERS_MAX) {
    const expected = 'at most 60,000 characters in all its files'
    return { problems: [wholeFile(main.file, { wrong: 'the skill is too long', expected, example: 'two skills' })] }
  }
  return { ...checked.value, files: texts }
}
