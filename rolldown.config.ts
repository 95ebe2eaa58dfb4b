/** The Action's bundle: what `action.yml` names, with nothing that has to be installed, and quick to load. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'rolldown'

/**
 * `@actions/core` loads an HTTP client for its OIDC call alone, which costs more than the rest of the start. The call
 * stays that package's own; it is only loaded when it is made.
 */
const lazyOidc: Plugin = {
  name: 'lazy-oidc',
  async resolveId(source, importer) {
    if (source !== './oidc-utils.js' || importer?.endsWith('@actions/core/lib/core.js') !== true) return null
    const resolved = await this.resolve(source, importer, { skipSelf: true })
    return resolved && `\0lazy-oidc:${resolved.id}`
  },
  load(id) {
    if (!id.startsWith('\0lazy-oidc:')) return null
    const path = JSON.stringify(id.slice('\0lazy-oidc:'.length))
    return `export const OidcClient = { getIDToken: async (audience) => (await import(${path})).OidcClient.getIDToken(audience) }`
  },
}

/**
 * The `openai` client makes an object of every part of the API when it is made, so none can be shaken off: most of the
 * package, for parts that nobody here calls, since requests go through the client's own `post`. Each becomes a class of
 * the same name without methods; the client, its errors and its transport stay as they are. Signing in by a workload's
 * identity goes as well: it names `Response` as it is loaded, for which Node loads its HTTP client, while here git is
 * waited for meanwhile.
 */
const clientOnly: Plugin = {
  name: 'client-only',
  load(id) {
    if (
      !/\/openai\/(resources\/(?!index|shared|chat\/(completions\/)?index)|auth\/workload-identity-auth\.|lib\/ChatCompletion(Streaming)?(Runner|Stream)\.)/.test(
        id,
      )
    )
      return null
    const names = [...readFileSync(id, 'utf8').matchAll(/^export (?:class|const|function) (\w+)/gm)].map(
      (match) => match[1],
    )
    return names.map((name) => `export class ${name} {}`).join('\n')
  },
}

/**
 * The client for MCP servers needs far more of `zod` than every run does, and a module has one form in the whole bundle. It
 * gets `zod` a second time, loaded with it.
 */
const zodOfMcp: Plugin = {
  name: 'zod-of-mcp',
  async resolveId(source, importer) {
    const isWithin = importer?.endsWith(SECOND) === true
    if (
      !isWithin &&
      !(/^zod(\/|$)/.test(source) && /\/(@modelcontextprotocol|zod-to-json-schema)\//.test(importer ?? ''))
    )
      return null
    const resolved = await this.resolve(source, isWithin ? importer.slice(0, -SECOND.length) : importer, {
      skipSelf: true,
    })
    return resolved && `${resolved.id}${SECOND}`
  },
  load: (id) => (id.endsWith(SECOND) ? readFileSync(id.slice(0, -SECOND.length), 'utf8') : null),
}
const SECOND = '?of-mcp'

/** Descriptions are for the JSON Schemas and the reference page. */
const withoutDescriptions: Plugin = {
  name: 'without-descriptions',
  load: (id) => (/\/core\/config\/described\.ts$/.test(id) ? 'export const described = (schema) => schema' : null),
}

/** What the model is told of the tools is worked out here and not by every run. */
const readyDefinitions: Plugin = {
  name: 'ready-definitions',
  async load(id) {
    if (!/\/action\/tools\/definitions\.ts$/.test(id)) return null
    const { definitions } = await import('./action/tools/definitions.ts')
    return `export const definitions = ${JSON.stringify(definitions)}`
  },
}

/** A script of ASCII alone is kept and hashed at one byte a character. All of it stands in strings and patterns. */
const asciiOnly: Plugin = {
  name: 'ascii-only',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue
      chunk.code = chunk.code.replace(
        /[\u0080-\uffff]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    }
  },
}

export default defineConfig({
  input: {
    main: 'action/main.ts',
    post: 'action/post.ts',
    deliver: 'action/deliver.ts',
    relay: 'action/sandbox/relay.ts',
  },
  platform: 'node',
  plugins: [lazyOidc, clientOnly, zodOfMcp, withoutDescriptions, readyDefinitions, asciiOnly],
  // The same code as ES modules: the CommonJS build that Node would take can't be shaken and is slower to load.
  resolve: { alias: { yaml: fileURLToPath(new URL('node_modules/yaml/browser/index.js', import.meta.url)) } },
  treeshake: { moduleSideEffects: [{ test: /node_modules\/(@actions|openai|zod|yaml)\//, sideEffects: false }] },
  output: {
    dir: 'action/dist',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name].cjs',
    cleanDir: true,
    minify: true,
    // Each file costs its own while the program starts: one for what begins at once, one for the rest of every run.
    codeSplitting: {
      groups: [
        { name: 'early', test: /\/action\/early\.ts$/, priority: 1 },
        { name: 'start', test: /\/action\/runner\.ts$/ },
      ],
    },
  },
})
