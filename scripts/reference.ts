/** `docs/reference.md`: every key of every declared file, from the JSON Schemas. */
import { exampleOf, flowYaml, type JsonSchema, typeWords } from '../core/config/json-schema.ts'

export interface DeclaredFile {
  readonly title: string
  /** Where it lies and how it stands to the others. */
  readonly where: string
  readonly schema: JsonSchema
}

export function referencePage(files: readonly DeclaredFile[]): string {
  return [
    '# Reference: what a repository declares',
    '<!-- Written by `npm run generated` from the schemas in core/config; do not edit. -->',
    'Everything lies in `.github/purser/` on the default branch. `purser check` names every problem as `file:line:column`; the [JSON Schemas](../schemas) let editors complete these files. A key in **bold** has to be given; `<name>` stands for a name of your own, `[]` for each entry of a list.',
    ...files.flatMap(fileSection),
    CROSS_RULES,
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n')
}

function fileSection({ title, where, schema }: DeclaredFile): string[] {
  const rows = rowsOf(schema, '').map((cells) => `| ${cells.map(cell).join(' | ')} |`)
  return [
    `## \`${title}\``,
    `${schema.description ?? ''}. ${where}`,
    ['| key | takes | when left out | means | example |', '| --- | --- | --- | --- | --- |', ...rows].join('\n'),
  ]
}

type Cells = readonly [key: string, takes: string, without: string, means: string, example: string]

/** A row for each key, the keys of a mapping right below it. */
function rowsOf(schema: JsonSchema, prefix: string): Cells[] {
  const required = new Set(schema.required ?? [])
  const rows = Object.entries(schema.properties ?? {}).flatMap(([key, inner]): Cells[] =>
    typeof inner === 'object' ? keyRows(inner, `${prefix}${key}`, required.has(key)) : [],
  )
  const named = schema.additionalProperties
  return typeof named === 'object' && named !== null ? [...rows, ...keyRows(named, `${prefix}<name>`, false)] : rows
}

function keyRows(schema: JsonSchema, key: string, isRequired: boolean): Cells[] {
  const shown = isRequired ? `**\`${key}\`**` : `\`${key}\``
  const without = schema.default === undefined ? '' : `\`${flowYaml(schema.default)}\``
  const below = inside(schema).flatMap(([inner, suffix]) => rowsOf(inner, `${key}${suffix}.`))
  const leaf = below.length === 0
  const row: Cells = [shown, takes(schema), without, schema.description ?? '', leaf ? `\`${exampleOf(schema)}\`` : '']
  return [row, ...below]
}

/** The mappings whose keys stand below a key: its own, those of its entries, and of its alternatives. */
function inside(schema: JsonSchema): [JsonSchema, suffix: string][] {
  const options = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter((option) => option.properties)
  const entries = typeof schema.items === 'object' && !Array.isArray(schema.items) ? inside(schema.items) : []
  return [
    ...(schema.properties || typeof schema.additionalProperties === 'object'
      ? [[schema, ''] satisfies [JsonSchema, string]]
      : []),
    ...(options.length > 0 ? [[allOf(options), ''] satisfies [JsonSchema, string]] : []),
    ...entries.map(([inner, suffix]): [JsonSchema, string] => [inner, `[]${suffix}`]),
  ]
}

/** The keys of all alternatives; only what each of them requires has to be given. */
function allOf(options: readonly JsonSchema[]): JsonSchema {
  const properties: Record<string, JsonSchema> = {}
  for (const option of options) {
    for (const [key, inner] of Object.entries(option.properties ?? {})) {
      if (typeof inner !== 'object') continue
      const before = properties[key]
      const consts = [before?.const, ...(before?.enum ?? []), inner.const].filter((one) => one !== undefined)
      properties[key] = before === undefined ? inner : consts.length > 1 ? { enum: consts } : either(before, inner)
    }
  }
  const [first, ...rest] = options.map((option) => option.required ?? [])
  return { properties, required: (first ?? []).filter((key) => rest.every((required) => required.includes(key))) }
}

/** A key whose value differs by alternative takes what any of them takes. */
function either(before: JsonSchema, inner: JsonSchema): JsonSchema {
  const known = before.anyOf ?? [before]
  if (inner.properties || known.some((one) => one.properties || typeWords(one) === typeWords(inner))) return before
  return { anyOf: [...known, inner], ...(before.description !== undefined && { description: before.description }) }
}

function takes(schema: JsonSchema): string {
  if (schema.properties === undefined && typeof schema.additionalProperties === 'object') return 'a mapping by name'
  return typeWords(schema)
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

const CROSS_RULES = `## Rules across files

Errors, each named with its place:

- YAML that is malformed, longer than 200,000 bytes or of too many values, nested too deeply, holds several documents, unknown tags, aliases that expand to too much, the same key twice, or characters that readers can't see.
- A workflow written here that is in no portfolio and no experiment, or any workflow in two of them; a portfolio or an experiment that names a workflow that is not there. A built-in workflow in no portfolio is simply not on offer.
- A value that is not declared, more than seven values, or a portfolio and its workflows with different values.
- A portfolio named after a squad, or an experiment after a portfolio; \`was:\` naming a portfolio that still exists; a cap above the budget; a floor above the cap.
- An outcome rule that can never match, or stands below one that always matches first; a workflow under trial whose work no rule can call accepted; a value that measures incidents without naming their label; \`sunset.accepted-below\` above \`promote.accepted\`.
- A step with the id of another, an unknown agent, or a prompt file that is not there; \`\${{ ... }}\` that names no declared input, no earlier step's \`steps.<id>.output\`, and none of \`subject.repository\`, \`subject.number\`, \`subject.title\`, \`subject.text\`, \`subject.log\`, \`subject.files\`, \`subject.diff\` and \`subject.commits\` (commands take inputs alone).
- A nested workflow that is not there, works on fewer subjects, leads back to itself, lies more than three deep or makes more than 40 steps; an input of it that is missing, unknown, or a step's output where that would be run as a command; a \`when\` that compares what is not known then, or with a value that can never be.
- A skill that is not there, has no \`SKILL.md\` or is named otherwise than its folder; an agent that delegates to itself, to one that is not there, or by or to a command-line agent; more than five MCP servers, two tools known by one name, one of more than 64 characters, or a command-line agent that has some.
- A workflow named like a verb of \`/agent\`; an input named \`cap\`, \`model\` or \`effort\`; a default that its own input would refuse.
- \`deliver: commit\` or \`review\` on anything but pull requests; a path pattern that can never match; a host that is none.
- An experiment's extension that ends before the experiment; a model without a price.
- \`inherit: organisation\` where the organisation's layer can't be read.

Warnings, which fail nothing:

- More than five workflows in a portfolio or twelve on offer: broad portfolios and large catalogs stop being used.
- An \`extra\` or an experiment whose end has passed; \`confirm-over\` that nothing can reach; an experiment without workflows; one run that may cost more than the whole budget; more \`subjects\` than \`runs\`.
- A variant that guards less than its baseline, or names a squad that is not declared; a YAML file that nothing reads.`
