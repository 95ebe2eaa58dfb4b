/** What a command that may reach some hosts is given: a proxy to them, and the variables by which tools find it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REGISTRY, readHostRule } from '../../core/plan/host.ts'
import { openProxy } from './proxy.ts'
import { machineRegistries } from './registries.ts'
import type { Door } from './sandbox.ts'

const ADDRESS = 'http://{address}'
const NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'npm_config_proxy', 'npm_config_https_proxy']
/** Paths of certificates that this machine trusts; nothing of them is secret. */
const CERTIFICATES = [
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'PIP_CERT',
]

export interface SandboxNetwork {
  readonly doors: readonly Door[]
  refused(): readonly string[]
  close(): Promise<void>
}

export async function openNetwork(hosts: readonly string[], environment: NodeJS.ProcessEnv): Promise<SandboxNetwork> {
  const registries = hosts.includes(REGISTRY) ? machineRegistries(environment) : { rules: [], env: {} }
  const declared = hosts.flatMap((host) => readHostRule(host) ?? [])
  // Short, since the path of a socket has a hundred characters at most.
  const dir = mkdtempSync(join(tmpdir(), 'purser-net-'))
  const socket = join(dir, 'proxy')
  const proxy = await openProxy(socket, [...declared, ...registries.rules])
  const trusted = CERTIFICATES.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))
  const env = {
    ...Object.fromEntries(NAMES.map((name) => [name, ADDRESS])),
    NO_PROXY: 'localhost,127.0.0.1,::1',
    no_proxy: 'localhost,127.0.0.1,::1',
    NODE_USE_ENV_PROXY: '1',
    ...Object.fromEntries(trusted),
    ...registries.env,
  }
  return {
    doors: [{ socket, env }],
    refused: proxy.refused,
    async close() {
      await proxy.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
