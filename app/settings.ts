/** What an operator sets in the environment, checked as a whole before anything is started. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DATA_DIR_DEFAULT } from './database/open.ts'
import type { AppOptions } from './options.ts'

export interface SettingProblem {
  readonly variable: string
  readonly wrong: string
  readonly expected: string
  readonly example: string
}

export type Environment = Readonly<Record<string, string | undefined>>

const PORT_DEFAULT = 3000
const KEY_EXAMPLE = 'PRIVATE_KEY_PATH=./purser.private-key.pem'

export function formatSettingProblem(problem: SettingProblem): string {
  return `${problem.variable}: ${problem.wrong}; expected ${problem.expected}; for example ${problem.example}`
}

/** Every problem at once, so that nobody mends one variable a start. */
export function readSettings(
  environment: Environment,
): { options: AppOptions } | { problems: readonly SettingProblem[] } {
  const problems: SettingProblem[] = []
  const appId = readAppId(environment, problems)
  const privateKey = readPrivateKey(environment, problems)
  const webhookSecret = readWebhookSecret(environment, problems)
  const port = readPort(environment, problems)
  const githubUrl = readGitHubUrl(environment, problems)
  const databaseUrl = readDatabaseUrl(environment, problems)
  const publicUrl = readPublicUrl(environment, problems)
  const level = readLogLevel(environment, problems)
  if (problems.length > 0) return { problems }
  return {
    options: {
      appId,
      privateKey,
      webhookSecret,
      port,
      githubUrl,
      databaseUrl,
      publicUrl,
      host: environment.HOST || undefined,
      dataDir: dataDirOf(environment),
      log: { level },
    },
  }
}

/** Where the embedded database lies; what is set to nothing is not set, here as elsewhere. */
export function dataDirOf(environment: Environment): string {
  return environment.PURSER_DATA || DATA_DIR_DEFAULT
}

function readAppId(environment: Environment, problems: SettingProblem[]): number {
  const written = environment.APP_ID ?? ''
  if (/^\d{1,15}$/.test(written) && Number(written) > 0) return Number(written)
  problems.push({
    variable: 'APP_ID',
    wrong: written === '' ? 'not set' : 'not a number',
    expected: 'the number that the GitHub App’s settings page shows as “App ID”',
    example: 'APP_ID=123456',
  })
  return 0
}

function readPrivateKey(environment: Environment, problems: SettingProblem[]): string {
  const path = environment.PRIVATE_KEY_PATH
  const expected = 'the PEM file that GitHub gave for the App, or its text (also base64) in PRIVATE_KEY'
  const written = environment.PRIVATE_KEY || undefined
  const variable = written === undefined && path ? 'PRIVATE_KEY_PATH' : 'PRIVATE_KEY'
  try {
    const text = written ?? (path ? readFileSync(path, 'utf8') : undefined)
    if (text === undefined) {
      problems.push({ variable, wrong: 'not set', expected, example: KEY_EXAMPLE })
      return ''
    }
    const pem = text.includes('-----BEGIN')
      ? text.replaceAll('\\n', '\n')
      : Buffer.from(text, 'base64').toString('utf8')
    if (createPrivateKey(pem).asymmetricKeyType !== 'rsa') throw new Error('not an RSA key')
    return pem
  } catch {
    // What failed may quote the key, so nothing of the error is shown.
    problems.push({ variable, wrong: 'no readable RSA private key', expected, example: KEY_EXAMPLE })
    return ''
  }
}

function readWebhookSecret(environment: Environment, problems: SettingProblem[]): string {
  const written = environment.WEBHOOK_SECRET ?? ''
  if (written === '' || isPlaceholder(written)) {
    problems.push({
      variable: 'WEBHOOK_SECRET',
      wrong: written === '' ? 'not set' : `“${written}” only holds the place of a secret`,
      expected: 'the secret of the App’s webhook, which proves that events come from GitHub',
      example: 'WEBHOOK_SECRET="$(openssl rand -hex 32)"',
    })
  }
  return written
}

function readPort(environment: Environment, problems: SettingProblem[]): number {
  const written = environment.PORT || String(PORT_DEFAULT)
  const port = Number(written)
  if (/^\d{1,5}$/.test(written) && port <= 65_535) return port
  problems.push({ variable: 'PORT', wrong: `“${written}” is no port`, expected: '0 to 65535', example: 'PORT=3000' })
  return PORT_DEFAULT
}

/** github.com, a tenant on ghe.com, or a GitHub Enterprise Server: each has its REST API elsewhere. */
function readGitHubUrl(environment: Environment, problems: SettingProblem[]): string | undefined {
  const host = environment.GHE_HOST
  if (host === undefined || host === '') return undefined
  if (!/^[a-z0-9.-]+(:\d{1,5})?$/i.test(host)) {
    problems.push({
      variable: 'GHE_HOST',
      wrong: `“${host}” is no host name`,
      expected: 'a host without a scheme or a path',
      example: 'GHE_HOST=github.example.com',
    })
    return undefined
  }
  const protocol = environment.GHE_PROTOCOL === 'http' ? 'http' : 'https'
  return host.endsWith('.ghe.com') ? `https://api.${host}` : `${protocol}://${host}/api/v3`
}

function readDatabaseUrl(environment: Environment, problems: SettingProblem[]): string | undefined {
  const written = environment.DATABASE_URL
  if (written === undefined || written === '') return undefined
  if (/^postgres(ql)?:\/\//.test(written)) return written
  problems.push({
    variable: 'DATABASE_URL',
    wrong: 'not a PostgreSQL address',
    expected: 'postgresql://user:password@host:port/database, or leave it out for the embedded database',
    example: 'DATABASE_URL=postgresql://purser:secret@localhost:5432/purser',
  })
  return undefined
}

function readPublicUrl(environment: Environment, problems: SettingProblem[]): string | undefined {
  const written = environment.PUBLIC_URL
  if (written === undefined || written === '') return undefined
  const wrong = wrongUrl(written)
  if (wrong === undefined) return written.replace(/\/+$/, '')
  problems.push({
    variable: 'PUBLIC_URL',
    wrong: `“${written}” ${wrong}`,
    expected: 'where people and jobs reach this App',
    example: 'PUBLIC_URL=https://purser.example.com',
  })
  return undefined
}

function wrongUrl(written: string): string | undefined {
  if (isPlaceholder(written)) return 'only holds the place of your host'
  if (!written.includes('://')) return 'lacks https://'
  if (!URL.canParse(written) || !/^https?:/.test(written)) return 'is no address of the web'
  return undefined
}

/** What the documentation writes where something of one's own belongs. */
function isPlaceholder(written: string): boolean {
  return /YOUR-|<[^>]*>/i.test(written) || /^(\.{3}|…)$/.test(written)
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

function readLogLevel(environment: Environment, problems: SettingProblem[]): (typeof LOG_LEVELS)[number] {
  const written = environment.LOG_LEVEL || 'info'
  const level = LOG_LEVELS.find((one) => one === written)
  if (level !== undefined) return level
  problems.push({
    variable: 'LOG_LEVEL',
    wrong: `“${written}” is no level`,
    expected: `one of ${LOG_LEVELS.join(', ')}`,
    example: 'LOG_LEVEL=debug',
  })
  return 'info'
}
