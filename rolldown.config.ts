/** The Action's bundle: what `action.yml` names, with nothing that has to be installed. */
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

export default defineConfig({
  input: { main: 'action/main.ts', post: 'action/post.ts' },
  platform: 'node',
  plugins: [lazyOidc],
  // The same code as ES modules: the CommonJS build that Node would take can't be shaken and is slower to load.
  resolve: { alias: { yaml: fileURLToPath(new URL('node_modules/yaml/browser/index.js', import.meta.url)) } },
  treeshake: { moduleSideEffects: [{ test: /node_modules\/(@actions|openai|zod|yaml)\//, sideEffects: false }] },
  output: {
    dir: 'action/dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    cleanDir: true,
    minify: false,
  },
})
