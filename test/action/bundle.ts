/** The Action with a bundle made anew from the sources as `npm run bundle` makes it: all that a job checks out of it. */
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { parse } from 'yaml'
import config from '../../rolldown.config.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** `main` and `post`: what `action.yml` names; `dir`: all that was made, for whoever removes it. */
export async function makeBundle(): Promise<{ readonly main: string; readonly post: string; readonly dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'purser-bundle-'))
  mkdirSync(join(dir, 'action'))
  for (const name of ['action.yml', 'catalog', 'delivery']) symlinkSync(join(root, name), join(dir, name))
  const { output, ...input } = Array.isArray(config) ? config[0] : config
  const bundle = await rolldown({ ...input, cwd: root, logLevel: 'silent' })
  await bundle.write({ ...(Array.isArray(output) ? output[0] : output), dir: join(dir, 'action/dist') })
  await bundle.close()
  const declared = parse(readFileSync(join(root, 'action.yml'), 'utf8'))
  return { main: join(dir, declared.runs.main), post: join(dir, declared.runs.post), dir }
}
