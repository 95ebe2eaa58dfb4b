/** Writes the README's tables of the Action's inputs and outputs from `action.yml`; `--check` compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'

const README = new URL('../README.md', import.meta.url)
const SECTION = /(<!-- action:begin -->\n)[\s\S]*?(<!-- action:end -->)/

const actionSchema = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string(), default: z.string().optional() })),
  outputs: z.record(z.string(), z.object({ description: z.string() })),
})

function main(): void {
  const { inputs, outputs } = actionSchema.parse(parse(readFileSync(new URL('../action.yml', import.meta.url), 'utf8')))
  const tables = [
    '| input | default | |',
    '| --- | --- | --- |',
    ...Object.entries(inputs).map(
      ([name, input]) =>
        `| \`${name}\` | ${input.default ? `\`${input.default}\`` : ''} | ${cell(input.description)} |`,
    ),
    '',
    '| output | |',
    '| --- | --- |',
    ...Object.entries(outputs).map(([name, output]) => `| \`${name}\` | ${cell(output.description)} |`),
    '',
  ].join('\n')
  const readme = readFileSync(README, 'utf8')
  const written = readme.replace(SECTION, (_, begin: string, end: string) => `${begin}${tables}${end}`)
  if (!process.argv.includes('--check')) writeFileSync(README, written)
  else if (written !== readme) {
    console.error('The tables of README.md are stale; run `npm run generated`')
    process.exitCode = 1
  }
}

function cell(text: string): string {
  return text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|')
}

main()
