import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { issuerOf } from '../../app/door/identity.ts'
import { siteUrlOf } from '../../app/github.ts'
import { formatSettingProblem, readSettings } from '../../app/settings.ts'

const PRIVATE_KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey
const EC_KEY = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey
const whole = { APP_ID: '12', PRIVATE_KEY, WEBHOOK_SECRET: 'secret' }

function problemsOf(environment: Record<string, string>): readonly string[] {
  const read = readSettings(environment)
  return 'problems' in read ? read.problems.map(formatSettingProblem) : []
}

test('every missing setting is named at once, with an example', () => {
  const problems = problemsOf({})
  expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual(['APP_ID', 'PRIVATE_KEY', 'WEBHOOK_SECRET'])
  for (const problem of problems) expect(problem).toMatch(/: not set; expected .*; for example \w+=/)
})

test.each([
  ['APP_ID', 'twelve'],
  ['PRIVATE_KEY', 'no key at all'],
  ['PRIVATE_KEY_PATH', '/no/such/file.pem'],
  ['PORT', '70000'],
  ['DATABASE_URL', 'mysql://localhost/purser'],
  ['GHE_HOST', 'https://github.example.com/'],
  ['PUBLIC_URL', 'purser.example.com'],
  ['PUBLIC_URL', 'https://YOUR-HOST'],
  ['PUBLIC_URL', 'ftp://purser.example.com'],
  ['WEBHOOK_SECRET', '...'],
  ['LOG_LEVEL', 'loud'],
  ['PRIVATE_KEY', EC_KEY],
])('%s=%s is named', (variable, value) => {
  const { PRIVATE_KEY: _, ...withoutKey } = whole
  const problems = problemsOf({ ...(variable === 'PRIVATE_KEY_PATH' ? withoutKey : whole), [variable]: value })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(new RegExp(`^${variable}: `))
  expect(problems[0]).not.toContain('no key at all')
})

test('what is set to nothing is not set', () => {
  const nothing = { PURSER_DATA: '', HOST: '', PORT: '', DATABASE_URL: '', PUBLIC_URL: '', GHE_HOST: '', LOG_LEVEL: '' }
  expect(readSettings({ ...whole, ...nothing })).toEqual(readSettings(whole))
})

test('where both keys are given the text counts, and is the one that is named', () => {
  const both = { ...whole, PRIVATE_KEY_PATH: '/no/such/file.pem' }
  expect(readSettings(both)).toMatchObject({ options: { privateKey: PRIVATE_KEY } })
  expect(problemsOf({ ...both, PRIVATE_KEY: 'no key' })[0]).toMatch(/^PRIVATE_KEY: /)
  expect(problemsOf({ ...both, PRIVATE_KEY: '' })[0]).toMatch(/^PRIVATE_KEY_PATH: /)
})

test('a key on one line, as text or as base64, is read as well', () => {
  for (const written of [PRIVATE_KEY.replaceAll('\n', '\\n'), Buffer.from(PRIVATE_KEY).toString('base64')]) {
    const read = readSettings({ ...whole, PRIVATE_KEY: written })
    expect(read).toMatchObject({ options: { privateKey: PRIVATE_KEY } })
  }
})

test.each([
  [undefined, undefined, 'https://token.actions.githubusercontent.com', 'https://github.com'],
  [
    'github.example.com',
    'https://github.example.com/api/v3',
    'https://github.example.com/_services/token',
    'https://github.example.com',
  ],
  ['acme.ghe.com', 'https://api.acme.ghe.com', 'https://token.actions.acme.ghe.com', 'https://acme.ghe.com'],
])('GHE_HOST=%s: API, issuer of tokens and pages', (host, githubUrl, issuer, site) => {
  const read = readSettings({ ...whole, ...(host === undefined ? {} : { GHE_HOST: host }) })
  if ('problems' in read) throw new Error('no problem was expected')
  expect(read.options.githubUrl).toBe(githubUrl)
  const url = githubUrl ?? 'https://api.github.com'
  expect(issuerOf(url)).toBe(issuer)
  expect(siteUrlOf(url)).toBe(site)
})
