/**
 * `npm run bundle` writes the Action's bundle to `action/dist/`. With `--check` it builds one aside and compares, byte
 * for byte: exit code 1 means that what is committed was not made from these sources.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import config from '../rolldown.config.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'action/dist')
process.chdir(root)

if (process.argv.includes('--check')) {
  const aside = mkdtempSync(join(tmpdir(), 'purser-bundle-'))
  try {
    await build(aside)
    const [made, committed] = [read(aside), read(dist)]
    const stale = [...new Set([...made.keys(), ...committed.keys()])].filter(
      (name) => made.get(name) !== committed.get(name),
    )
    if (stale.length > 0) {
      console.error(
        `The Action's bundle is stale (${stale.sort().join(', ')}); run \`npm run bundle\` and commit action/dist.`,
      )
      process.exitCode = 1
    }
  } finally {
    rmSync(aside, { recursive: true })
  }
} else {
  await build(dist)
  const bytes = [...read(dist).values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  console.log(`Wrote action/dist: ${(bytes / 1e6).toFixed(2)} MB in ${read(dist).size} files.`)
}

async function build(dir: string): Promise<void> {
  const { output, ...input } = Array.isArray(config) ? config[0] : config
  const bundle = await rolldown(input)
  await bundle.write({ ...(Array.isArray(output) ? output[0] : output), dir })
  await bundle.close()
}

function read(dir: string): Map<string, string> {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  return new Map(
    names
      .filter((name) => statSync(join(dir, name)).isFile())
      .map((name): [string, string] => [name, readFileSync(join(dir, name), 'utf8')]),
  )
}
