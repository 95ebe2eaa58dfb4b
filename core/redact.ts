/** Takes secrets out of text, on every way out of a run: values that are known, in several encodings, and patterns. */

/** Shorter values would match ordinary words. */
const SECRET_CHARACTERS_MIN = 6
/** What stands in the place of a secret. */
export const MASK = '***'

/**
 * Forms of credentials that are recognised whoever they belong to. Each must be rare in ordinary code, and must go through a
 * text in time linear in its length, whoever wrote it: no run of characters is entered again from within. None has an upper
 * bound, since what is longer would pass.
 */
export const secretPatterns: ReadonlyArray<{ readonly name: string; readonly pattern: RegExp }> = [
  {
    name: 'a private key',
    // Without an end it goes to the end of the text: what begins like a key is always taken whole.
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  },
  { name: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b/g },
  { name: 'an OpenAI key', pattern: /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{32,}\b/g },
  { name: 'an Anthropic key', pattern: /\bsk-ant-[A-Za-z0-9_-]{24,}\b/g },
  { name: 'a GitLab token', pattern: /\bglpat-[A-Za-z0-9_-]{20,}\b/g },
  { name: 'an npm token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { name: 'a PyPI token', pattern: /\bpypi-AgE[A-Za-z0-9_-]{50,}\b/g },
  { name: 'a Stripe key', pattern: /\b[rs]k_live_[A-Za-z0-9]{16,}\b/g },
  { name: 'a SendGrid key', pattern: /\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b/g },
  { name: 'a Hugging Face token', pattern: /\bhf_[A-Za-z0-9]{34}\b/g },
  { name: 'a DigitalOcean token', pattern: /\bdo[opr]_v1_[a-f0-9]{64}\b/g },
  { name: 'a Google client secret', pattern: /\bGOCSPX-[A-Za-z0-9_-]{28}\b/g },
  { name: 'a Shopify token', pattern: /\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/g },
  { name: 'an age key', pattern: /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/g },
  {
    name: 'a Slack webhook',
    pattern: /\bhttps:\/\/hooks\.slack\.com\/services\/T[A-Z0-9]{8,12}\/B[A-Z0-9]{8,12}\/[A-Za-z0-9]{20,32}\b/g,
  },
  { name: 'an AWS key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { name: 'a Slack token', pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}\b/g },
  { name: 'a Google key', pattern: /\bAIza[A-Za-z0-9_-]{35}\b/g },
  {
    name: 'a signed token',
    // Looks ahead once, from where the run of characters begins, before it looks for the place in it where the token does.
    pattern:
      /(?<![\w-])(?=[\w-]+\.eyJ[\w-]{10,}\.[\w-]{20,}\b)(?:[\w-]*?-)?eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}\b/g,
  },
]

export type Redact = (text: string) => string

/** Makes the redactor of a run. `secrets`: the values this process was given; empty and short ones are left out. */
export function redactor(secrets: readonly string[]): Redact {
  const known = [...new Set(secrets.flatMap(wholeAndLines).flatMap(encodings))]
    .filter((value) => value.length >= SECRET_CHARACTERS_MIN)
    .sort((a, b) => b.length - a.length)
  const values = known.length === 0 ? undefined : new RegExp(known.map(escapePattern).join('|'), 'g')
  return (text) => {
    const withoutValues = values === undefined ? text : text.replace(values, MASK)
    return secretPatterns.reduce((clean, { pattern }) => clean.replace(pattern, MASK), withoutValues)
  }
}

/** A secret of several lines (a key file) may come out line by line. */
function wholeAndLines(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim())
  return [secret.trim(), ...lines.filter((line) => line.length >= 16)]
}

function encodings(secret: string): string[] {
  if (secret.length < SECRET_CHARACTERS_MIN) return []
  const bytes = new TextEncoder().encode(secret)
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const base64 = [0, 1, 2].map((offset) => base64Within(bytes, offset))
  return [
    secret,
    [...secret].reverse().join(''),
    hex,
    hex.toUpperCase(),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

/** The characters that every base64 text has which contains `bytes` after `offset` others: the ends depend on them. */
function base64Within(bytes: Uint8Array, offset: number): string {
  const binary = String.fromCharCode(...new Uint8Array(offset), ...bytes)
  const first = offset === 0 ? 0 : offset + 1
  const whole = Math.floor(((offset + bytes.length) * 8) / 6)
  return btoa(binary).slice(first, whole)
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
