/**
 * The part of GitHub's expression language that a small Actions workflow uses: contexts, literals, comparison,
 * `&&`, `||`, `!`, parentheses, and the functions below. Anything else throws with what was not understood.
 */
export type Contexts = Record<string, unknown>

export type JobState = { failed: boolean; cancelled: boolean }

/** `text` with each `${{ ... }}` replaced by its value as text. */
export function interpolate(text: string, contexts: Contexts, state: JobState): string {
  return text.replace(/\$\{\{([\s\S]*?)\}\}/g, (_, inner: string) => toText(evaluate(inner, contexts, state)))
}

/** An `if:`; without a status function it only holds while nothing has failed, as on GitHub. */
export function holds(condition: string | undefined, contexts: Contexts, state: JobState): boolean {
  const text = (condition ?? 'success()').replace(/^\s*\$\{\{([\s\S]*)\}\}\s*$/, '$1')
  const value = truthy(evaluate(text, contexts, state))
  return /\b(always|success|failure|cancelled)\(\)/.test(text) ? value : value && !state.failed && !state.cancelled
}

const tokenPattern = /\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w-]*)|(==|!=|<=|>=|&&|\|\||[!()[\].,<>]))/y

function tokens(text: string): string[] {
  const found: string[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const at = tokenPattern.lastIndex
    const one = tokenPattern.exec(text)
    if (!one) throw new Error(`expression not understood at "${text.slice(at).trim()}" in "${text.trim()}"`)
    found.push(one[0].trim())
  }
  return found
}

export function evaluate(text: string, contexts: Contexts, state: JobState): unknown {
  const rest = tokens(text)
  const value = either()
  if (rest.length > 0) throw new Error(`expression not understood at "${rest.join(' ')}" in "${text.trim()}"`)
  return value

  function take(wanted: string): void {
    if (rest.shift() !== wanted) throw new Error(`expected "${wanted}" in "${text.trim()}"`)
  }

  function either(): unknown {
    let left = both()
    while (rest[0] === '||') {
      rest.shift()
      const right = both()
      left = truthy(left) ? left : right
    }
    return left
  }

  function both(): unknown {
    let left = compared()
    while (rest[0] === '&&') {
      rest.shift()
      const right = compared()
      left = truthy(left) ? right : left
    }
    return left
  }

  function compared(): unknown {
    const left = unary()
    if (rest[0] !== '==' && rest[0] !== '!=') return left
    const equal = rest.shift() === '=='
    return same(left, unary()) === equal
  }

  function unary(): unknown {
    if (rest[0] !== '!') return primary()
    rest.shift()
    return !truthy(unary())
  }

  function primary(): unknown {
    const token = rest.shift()
    if (token === undefined) throw new Error(`the expression "${text.trim()}" ends early`)
    if (token === '(') {
      const inner = either()
      take(')')
      return inner
    }
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'")
    if (/^-?\d/.test(token)) return Number(token)
    if (token === 'true' || token === 'false') return token === 'true'
    if (token === 'null') return null
    if (rest[0] === '(') return called(token)
    if (!(token in contexts)) throw new Error(`unknown context "${token}" in "${text.trim()}"`)
    return properties(contexts[token])
  }

  function properties(start: unknown): unknown {
    let value = start
    while (rest[0] === '.' || rest[0] === '[') {
      const bracket = rest.shift() === '['
      const name = bracket ? toText(either()) : (rest.shift() ?? '')
      if (bracket) take(']')
      value = value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined
    }
    return value ?? ''
  }

  function called(name: string): unknown {
    take('(')
    const given: unknown[] = []
    while (rest[0] !== ')') {
      given.push(either())
      if (rest[0] === ',') rest.shift()
    }
    take(')')
    return callFunction(name, given, state)
  }
}

function callFunction(name: string, given: unknown[], state: JobState): unknown {
  const [first, second] = given
  switch (name) {
    case 'always':
      return true
    case 'success':
      return !state.failed && !state.cancelled
    case 'failure':
      return state.failed
    case 'cancelled':
      return state.cancelled
    case 'contains':
      return Array.isArray(first)
        ? first.some((one) => same(one, second))
        : toText(first).toLowerCase().includes(toText(second).toLowerCase())
    case 'startsWith':
      return toText(first).toLowerCase().startsWith(toText(second).toLowerCase())
    case 'endsWith':
      return toText(first).toLowerCase().endsWith(toText(second).toLowerCase())
    case 'toJSON':
      return JSON.stringify(first, null, 2)
    case 'fromJSON':
      return JSON.parse(toText(first))
    case 'format':
      return toText(first).replace(/\{(\d+)\}/g, (_, index: string) => toText(given[Number(index) + 1]))
    default:
      throw new Error(`unknown function "${name}"`)
  }
}

const truthy = (value: unknown): boolean =>
  value !== '' && value !== 0 && value !== false && value !== null && value !== undefined

/** Strings compare without regard to case; different types compare as numbers, where `''` and null are zero. */
function same(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') return left.toLowerCase() === right.toLowerCase()
  if (typeof left === typeof right) return left === right
  return asNumber(left) === asNumber(right)
}

function asNumber(value: unknown): number {
  if (value === null || value === undefined || value === '') return 0
  return typeof value === 'object' ? Number.NaN : Number(value)
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
