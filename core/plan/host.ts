/** The hosts that a workflow declares, and which of them a connection is meant for. */

/** Stands for the package registries that the machine uses. */
export const REGISTRY = 'registry'
/** A host without a port may be reached by HTTPS and by HTTP. */
const WEB_PORTS = [443, 80]

export interface HostRule {
  /** In lower case; `*.` in front of it stands for every name below it. */
  readonly host: string
  /** Absent: the web's. */
  readonly port?: number | undefined
}

const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?'
const RULE = new RegExp(`^((?:\\*\\.)?${LABEL}(?:\\.${LABEL})*|\\[[0-9a-f:.]{2,45}\\])(?::([1-9]\\d{0,4}))?$`)

/** `pypi.org`, `*.example.org`, `mirror.example.org:8443`, `[::1]:80`; undefined for what is none, `registry` among it. */
export function readHostRule(written: string): HostRule | undefined {
  const match = RULE.exec(written.toLowerCase())
  const host = match?.[1]
  if (host === undefined || host === REGISTRY) return undefined
  const port = match?.at(-1)
  if (port === undefined) return { host }
  return Number(port) > 65_535 ? undefined : { host, port: Number(port) }
}

/** A name as it is written first and only, not one of many that a rule stands for. */
export function isExact({ host }: HostRule): boolean {
  return !host.startsWith('*.')
}

/** The rule that lets a connection to this host through; one that names it exactly comes first. */
export function ruleFor(rules: readonly HostRule[], host: string, port: number): HostRule | undefined {
  const name = host.toLowerCase().replace(/\.$/, '')
  const matching = rules.filter((rule) => isMeant(rule, name) && (rule.port ? [rule.port] : WEB_PORTS).includes(port))
  return matching.find(isExact) ?? matching[0]
}

function isMeant(rule: HostRule, name: string): boolean {
  return isExact(rule) ? rule.host === name : name.endsWith(rule.host.slice(1))
}
