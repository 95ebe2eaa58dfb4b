/** The package registries that this machine's npm and pip are set to, or the ones that everybody uses. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { HostRule } from '../../core/plan/host.ts'

const NPM = ['*.npmjs.org', '*.yarnpkg.com']
const PIP = ['pypi.org', 'files.pythonhosted.org']
const OTHERS = [
  ...['crates.io', 'index.crates.io', 'static.crates.io', 'proxy.golang.org', 'sum.golang.org'],
  ...['rubygems.org', 'index.rubygems.org', 'repo.maven.apache.org', 'repo1.maven.org', 'plugins.gradle.org'],
  ...['api.nuget.org', 'repo.packagist.org'],
]
const SETTINGS_BYTES_MAX = 100_000

export interface Registries {
  readonly rules: readonly HostRule[]
  /** Tells the tools inside, which don't see the user's settings, where to go. Without what the addresses hold of secrets. */
  readonly env: Readonly<Record<string, string>>
}

/** Only the machine's settings count: what lies in the workspace may be anybody's. */
export function machineRegistries(environment: NodeJS.ProcessEnv, home = homedir()): Registries {
  const npmFiles = [join(home, '.npmrc'), '/etc/npmrc', '/usr/etc/npmrc', '/usr/local/etc/npmrc'].map(readSettings)
  const pipFiles = [join(home, '.config/pip/pip.conf'), join(home, '.pip/pip.conf'), '/etc/pip.conf'].map(readSettings)
  const npm = addresses([
    environment.npm_config_registry ?? environment.NPM_CONFIG_REGISTRY,
    ...npmFiles.flatMap((text) => values(text, /^(?:@[\w.-]+:)?registry$/)),
  ])
  const pip = addresses([
    environment.PIP_INDEX_URL,
    ...(environment.PIP_EXTRA_INDEX_URL ?? '').split(/\s+/),
    ...pipFiles.flatMap((text) => values(text, /^(extra-)?index-url$/)).flatMap((value) => value.split(/\s+/)),
  ])
  const [npmOwn] = addresses([
    environment.npm_config_registry ?? environment.NPM_CONFIG_REGISTRY,
    ...npmFiles.flatMap((text) => values(text, /^registry$/)),
  ])
  const [pipOwn] = addresses([environment.PIP_INDEX_URL, ...pipFiles.flatMap((text) => values(text, /^index-url$/))])
  return {
    rules: [
      ...(npm.length > 0 ? npm.map(ruleOf) : NPM.map((host) => ({ host }))),
      ...(pip.length > 0 ? pip.map(ruleOf) : PIP.map((host) => ({ host }))),
      ...OTHERS.map((host) => ({ host })),
    ],
    env: {
      ...(npmOwn && { npm_config_registry: npmOwn.href }),
      ...(pipOwn && { PIP_INDEX_URL: pipOwn.href }),
    },
  }
}

function addresses(written: readonly (string | undefined)[]): URL[] {
  return written.flatMap((text) => {
    if (text === undefined || !URL.canParse(text)) return []
    const url = new URL(text)
    if (!['http:', 'https:'].includes(url.protocol)) return []
    url.username = ''
    url.password = ''
    return [url]
  })
}

function ruleOf({ hostname, port }: URL): HostRule {
  return { host: hostname, ...(port !== '' && { port: Number(port) }) }
}

/** The values of `key = value` lines. */
function values(text: string, key: RegExp): string[] {
  return text.split('\n').flatMap((line) => {
    const [, name, value] = /^\s*([^=\s#;]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    return name !== undefined && value !== undefined && key.test(name) ? [value] : []
  })
}

/** Empty where there is none, or none that this user may read. */
function readSettings(path: string): string {
  try {
    return existsSync(path) && statSync(path).size <= SETTINGS_BYTES_MAX ? readFileSync(path, 'utf8') : ''
  } catch {
    return ''
  }
}
