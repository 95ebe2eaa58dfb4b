/** The `skill` tool: what an agent's skills say, read when it needs them. Loaded only by agents that have some. */
import { z } from 'zod/mini'
import type { PlanAgent } from '../../core/plan/plan.ts'
import type { ExtraTool } from '../tools/tool.ts'

const MAIN = 'SKILL.md'

export function skillTool({ skills = [] }: PlanAgent): ExtraTool | undefined {
  const [first, ...others] = skills.map(({ name }) => name)
  if (first === undefined) return undefined
  const schema = z.strictObject({ name: z.enum([first, ...others]), file: z.optional(z.string()) })
  const { $schema, ...parameters } = z.toJSONSchema(schema, { io: 'input' })
  return {
    definition: {
      type: 'function',
      function: { name: 'skill', description: 'Read a skill, or a file of it', parameters },
    },
    async call(written) {
      const asked = schema.safeParse(written)
      if (!asked.success) return `error: ${z.prettifyError(asked.error)}`
      const { name, file = MAIN } = asked.data
      const files = skills.find((skill) => skill.name === name)?.files ?? {}
      const text = Object.hasOwn(files, file) ? files[file] : undefined
      if (text === undefined)
        return `error: ${name} has no file ${JSON.stringify(file)}; it has ${Object.keys(files).join(', ')}`
      const more = file === MAIN ? Object.keys(files).filter((path) => path !== MAIN) : []
      return more.length === 0 ? text : `${text}\n[its other files: ${more.join(', ')}]`
    },
  }
}
