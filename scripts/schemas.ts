/**
 * Writes the JSON Schemas of everything a repository declares into `schemas/`, and `docs/reference.md` from them, so
 * that editors, documentation and the program can't disagree. With `--check` it writes nothing and exits 1 when a file is
 * stale.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { portfoliosSchema } from '../core/config/portfolios.ts'
import { promotionSchema } from '../core/config/promotion.ts'
import { agentFrontMatterSchema, variantSchema, workflowSchema } from '../core/config/workflow.ts'
import { type DeclaredFile, referencePage } from './reference.ts'

const files: readonly (DeclaredFile & { readonly name: string })[] = [
  {
    name: 'portfolios',
    title: 'portfolios.yml',
    where:
      '`.github/purser/portfolios.yml`. In an organisation’s layer it lies below a repository’s: mappings merge by name, scalars and lists are replaced.',
    schema: toJson(portfoliosSchema),
  },
  {
    name: 'promotion',
    title: 'promotion.yml',
    where: '`.github/purser/promotion.yml`. Every key may be left out.',
    schema: toJson(promotionSchema),
  },
  {
    name: 'workflow',
    title: 'workflow.yml',
    where:
      '`.github/purser/catalog/<name>/workflow.yml`, with the prompts of its steps beside it. One of the same name as a built-in workflow replaces it with all its variants.',
    schema: toJson(workflowSchema),
  },
  {
    name: 'variant',
    title: 'variants/<name>.yml',
    where:
      '`.github/purser/catalog/<workflow>/variants/<name>.yml`: only the keys that differ from the baseline. Mappings merge key by key, lists are replaced, steps are matched by `id`. The folder needs no `workflow.yml` of its own when a lower layer has one.',
    schema: toJson(variantSchema),
  },
  {
    name: 'agent',
    title: '<name>.agent.md',
    where:
      'The front matter of `.github/purser/catalog/agents/<name>.agent.md`; the Markdown below it is the agent’s instructions.',
    schema: toJson(agentFrontMatterSchema),
  },
]

const outputs: [path: string, text: string][] = [
  ...files.map(({ name, schema }): [string, string] => [
    `schemas/${name}.schema.json`,
    `${JSON.stringify(schema, null, 2)}\n`,
  ]),
  ['docs/reference.md', referencePage(files)],
]

const check = process.argv.includes('--check')
for (const [path, text] of outputs) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url))
  if (read(file) === text) continue
  if (check) {
    console.error(`${path} is stale; run \`npm run generated\``)
    process.exitCode = 1
  } else {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    console.log(`wrote ${path}`)
  }
}

function toJson(schema: z.core.$ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, { io: 'input' })
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
