/** Lists of hosts, as `setup.network` of a workflow and `sandbox.hosts` of an agent have them. */
import { REGISTRY, readHostRule } from '../plan/host.ts'
import type { AtPath } from './check-values.ts'
import type { Path } from './document.ts'

export function hostFindings(hosts: readonly string[], path: Path): AtPath[] {
  return hosts.flatMap((host, index): AtPath[] => {
    if (host === REGISTRY || readHostRule(host) !== undefined) return []
    const expected = 'a host, *.host or host:port, or registry'
    return [{ path: [...path, index], finding: { wrong: `"${host}" is no host`, expected, example: 'pypi.org' } }]
  })
}
