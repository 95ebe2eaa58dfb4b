/**
 * The grammar of `/agent` comments. Strict: the first line of a comment, read whole, or it is no command.
 *
 *     /agent <workflow>[/<variant>] [name=value ...]
 *     /agent quote <workflow>[/<variant>] [name=value ...]
 *     /agent go | status | explain | stop | pause | deliver | list | help
 *     /agent say "text" | ask <agent> "text"
 *     /agent resume | retry | fork [<workflow>[/<variant>]] [cap=...] [model=...] [effort=...]
 *     /agent promote | reject [<reason>]
 *
 * A value is bare (no blanks, no quotes) or in double quotes with `\"` and `\\`. `cap`, `model` and `effort` are overrides.
 */
import { firstNonAscii, firstUnseen, nameCodePoint } from '../code-point.ts'
import { rejectionOf, rejectionsListed } from '../promotion/rejection.ts'
import { asCode, cutTokens, excerpt, quoted, type Token } from './command-tokens.ts'

/** The verbs besides a workflow's name; none may name a workflow. */
export const verbs = [
  'go',
  'say',
  'ask',
  'quote',
  'status',
  'explain',
  'stop',
  'pause',
  'resume',
  'fork',
  'retry',
  'deliver',
  'promote',
  'reject',
  'offer',
  'list',
  'help',
] as const
export type Verb = (typeof verbs)[number] | 'run'

/** The names that change a run rather than feed it; no input may have one. */
export const overrideNames = ['cap', 'model', 'effort'] as const
export type OverrideName = (typeof overrideNames)[number]

export interface Command {
  readonly kind: 'command'
  /** `run` for `/agent <workflow>`. */
  readonly verb: Verb
  readonly workflow: string | null
  readonly variant: string | null
  readonly inputs: Readonly<Record<string, string>>
  readonly overrides: Readonly<Partial<Record<OverrideName, string>>>
  /** The free text of `say` and `ask`, and the one word of `reject`. */
  readonly text: string | null
  /** The agent that `ask` names. */
  readonly agent: string | null
}
/** One that is meant but wrong, with the problem in sentences. */
export interface InvalidCommand {
  readonly kind: 'invalid'
  readonly problem: string
  /** A text where only inputs may stand; who knows the catalog can say what was meant. */
  readonly loose?: LooseText
}
export interface LooseText {
  readonly workflow: string
  readonly variant: string | null
  /** Its first word. */
  readonly word: string
  /** The rest of the line without its quotes, bounded. */
  readonly text: string
  /** The names that were given before it. */
  readonly given: readonly string[]
}
/** `none`: no command at all. */
export type ParsedComment = Command | { readonly kind: 'none' } | InvalidCommand

export const COMMENT_BYTES_MAX = 65_536
/** Characters of a command's line, of one value or text, and the number of `name=value` pairs. */
export const COMMAND_LINE_CHARACTERS_MAX = 8_192
export const VALUE_CHARACTERS_MAX = 4_000
export const PAIRS_MAX = 20

const NAME_CHARACTERS_MAX = 50
const PREFIX = '/agent'
/** As in the catalog. Each character can be read in one way only, so it never backtracks. */
const NAME = /^[a-z][a-z0-9]*(?:[-+][a-z0-9]+)*$/
const INPUT_NAME = /^[a-z][a-z0-9_-]{0,39}$/
const OPTION = /^--([a-z][a-z0-9-]{0,39})$/
/** What needs no quotes; anything else is printed with them. */
const BARE = /^[A-Za-z0-9._/:+,@%-]+$/

/**
 * Reads a comment's first line. The line must begin with `/agent` itself: nothing in a quote, a fence, the middle of
 * a line or behind a blank is a command, and neither is `/agents`. `/Agent` is meant, so it is told how to write it.
 * Never throws; the time is linear in the line's length.
 */
export function parseComment(body: string): ParsedComment {
  if (body.slice(0, PREFIX.length).toLowerCase() !== PREFIX) return { kind: 'none' }
  const line = firstLine(body)
  const rest = line.slice(PREFIX.length)
  if (rest !== '' && rest[0] !== ' ' && rest[0] !== '\t' && firstUnseen(rest)?.column !== 1) return { kind: 'none' }
  if (!line.startsWith(PREFIX)) return invalid(`commands are written in lower case: \`${PREFIX}\``)
  if (body.length > COMMENT_BYTES_MAX || Buffer.byteLength(body) > COMMENT_BYTES_MAX) {
    return invalid(`a comment with a command may have at most ${COMMENT_BYTES_MAX} bytes`)
  }
  if (line.length > COMMAND_LINE_CHARACTERS_MAX) {
    return invalid(`the command's line may have at most ${COMMAND_LINE_CHARACTERS_MAX} characters`)
  }
  const unseen = firstUnseen(line)
  if (unseen) {
    return invalid(`${nameCodePoint(unseen.codePoint)} at character ${unseen.column} can’t be told by eye; take it out`)
  }
  const cut = cutTokens(rest)
  return 'problem' in cut ? invalid(cut.problem) : readCommand(rest, cut.tokens)
}

/** The command as a line that reads back to the same command. */
export function printCommand(command: Command): string {
  const target =
    command.workflow === null
      ? undefined
      : command.variant === null
        ? command.workflow
        : `${command.workflow}/${command.variant}`
  const pairs = [...Object.entries(command.inputs), ...Object.entries(command.overrides)]
  const words = [
    PREFIX,
    command.verb === 'run' ? undefined : command.verb,
    target,
    command.agent ?? undefined,
    command.text === null ? undefined : command.verb === 'reject' ? command.text : quoted(command.text),
    ...pairs.map(([name, value]) => `${name}=${BARE.test(value) ? value : quoted(value)}`),
  ]
  return words.filter((word) => word !== undefined).join(' ')
}

const empty = { workflow: null, variant: null, inputs: {}, overrides: {}, text: null, agent: null } as const

function readCommand(line: string, tokens: readonly Token[]): ParsedComment {
  const [first, ...rest] = tokens
  if (!first) return invalid(`a workflow or a verb is expected after \`${PREFIX}\`; \`${PREFIX} help\` shows them`)
  if (first.kind !== 'word') {
    return invalid(`a workflow or a verb is expected first, as in \`${PREFIX} refactor+tests goal="Keep behaviour"\``)
  }
  const verb = verbs.find((name) => name === first.text)
  if (verb === undefined) {
    const target = readTarget(first.text)
    return 'problem' in target ? invalid(target.problem) : withPairs('run', target, rest, line)
  }
  switch (verb) {
    case 'say':
      return readText(verb, null, rest, line)
    case 'ask':
      return readAsk(rest, line)
    case 'quote':
      return readQuote(rest, line)
    case 'resume':
    case 'retry':
      return withOverrides(verb, {}, rest, line)
    case 'fork':
      return readFork(rest, line)
    case 'reject':
      return readReject(rest, line)
    case 'offer':
      return readOffer(rest, line)
    default:
      if (rest[0]) return invalid(`nothing is expected after \`${verb}\`, but there is ${written(line, rest[0])}`)
      return { kind: 'command', verb, ...empty }
  }
}

function readQuote(tokens: readonly Token[], line: string): ParsedComment {
  const [first, ...rest] = tokens
  if (first?.kind !== 'word') return invalid(`a workflow is expected, as in \`${PREFIX} quote refactor+tests\``)
  const target = readTarget(first.text)
  return 'problem' in target ? invalid(target.problem) : withPairs('quote', target, rest, line)
}

function readFork(tokens: readonly Token[], line: string): ParsedComment {
  const [first, ...rest] = tokens
  if (first?.kind !== 'word') return withOverrides('fork', {}, tokens, line)
  const target = readTarget(first.text)
  return 'problem' in target ? invalid(target.problem) : withOverrides('fork', target, rest, line)
}

/** What goes on with a session takes its inputs from there: only what changes the run may be given. */
function withOverrides(
  verb: 'resume' | 'retry' | 'fork',
  target: Partial<Target>,
  tokens: readonly Token[],
  line: string,
): ParsedComment {
  const overrides = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind !== 'pair' || !isOverride(token.name)) {
      return invalid(
        `after \`${verb}\` only ${overrideNames.map((name) => `\`${name}=\``).join(', ')} are expected, but there is ${written(line, token)}; the inputs are the session’s`,
      )
    }
    const problem = pairProblem(token.name, token.value, overrides)
    if (problem !== undefined) return invalid(problem)
    overrides.set(token.name, token.value)
  }
  return { kind: 'command', verb, ...empty, ...target, overrides: Object.fromEntries(overrides) }
}

/** Without a reason it is still a command: what is told then lists them. */
function readReject([first, second]: readonly Token[], line: string): ParsedComment {
  if (!first) return { kind: 'command', verb: 'reject', ...empty }
  const reason = first.kind === 'word' ? rejectionOf(first.text) : undefined
  if (reason === undefined || second) {
    return invalid(
      `one reason is expected after \`reject\`: ${rejectionsListed()}; not ${written(line, second ?? first)}`,
    )
  }
  return { kind: 'command', verb: 'reject', ...empty, text: reason }
}

/** In a proposal's issue nothing needs to be named. */
function readOffer([first, second]: readonly Token[], line: string): ParsedComment {
  if (!first) return { kind: 'command', verb: 'offer', ...empty }
  if (first.kind !== 'word' || second) {
    return invalid(
      `one workflow or variant is expected, as in \`${PREFIX} offer refactor+tests/tests-first\`; not ${written(line, second ?? first)}`,
    )
  }
  const target = readTarget(first.text)
  return 'problem' in target ? invalid(target.problem) : { kind: 'command', verb: 'offer', ...empty, ...target }
}

function readAsk(tokens: readonly Token[], line: string): ParsedComment {
  const [first, ...rest] = tokens
  if (first?.kind !== 'word') return invalid(`an agent is expected, as in \`${PREFIX} ask engineer "Why this way?"\``)
  const problem = nameProblem('agent', first.text)
  return problem === undefined ? readText('ask', first.text, rest, line) : invalid(problem)
}

function readText(verb: 'say' | 'ask', agent: string | null, tokens: readonly Token[], line: string): ParsedComment {
  const [first, second] = tokens
  const lead = agent === null ? verb : `${verb} ${agent}`
  if (first?.kind !== 'text') {
    const meant = first === undefined ? 'Keep the public names' : freeText(line, first.start)
    return invalid(`a text in quotes is expected, as in ${asCode(`${PREFIX} ${lead} ${quoted(meant)}`)}`)
  }
  if (second) return invalid(`nothing is expected after the text, but there is ${written(line, second)}`)
  if (first.text.trim() === '') return invalid(`the text after \`${lead}\` is empty`)
  if (first.text.length > VALUE_CHARACTERS_MAX) return invalid(tooLong('the text'))
  return { kind: 'command', verb, ...empty, agent, text: first.text }
}

interface Target {
  readonly workflow: string
  readonly variant: string | null
}

function readTarget(word: string): Target | { readonly problem: string } {
  const slash = word.indexOf('/')
  const workflow = slash < 0 ? word : word.slice(0, slash)
  const variant = slash < 0 ? null : word.slice(slash + 1)
  if (variant !== null && verbs.some((verb) => verb === workflow)) {
    return { problem: `\`${workflow}\` is a verb and has no variants; it stands alone` }
  }
  const problem = nameProblem('workflow', workflow) ?? (variant === null ? undefined : nameProblem('variant', variant))
  return problem === undefined ? { workflow, variant } : { problem }
}

function withPairs(verb: 'run' | 'quote', target: Target, tokens: readonly Token[], line: string): ParsedComment {
  const values = new Map<string, string>()
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'pair') return notPair(target, token, tokens[index + 1], [...values.keys()], line)
    const problem = pairProblem(token.name, token.value, values)
    if (problem !== undefined) return invalid(problem)
    values.set(token.name, token.value)
  }
  if (values.size > PAIRS_MAX) return invalid(`at most ${PAIRS_MAX} inputs can be given`)
  const entries = [...values]
  const inputs = Object.fromEntries(entries.filter(([name]) => !isOverride(name)))
  const overrides = Object.fromEntries(entries.filter(([name]) => isOverride(name)))
  return { kind: 'command', verb, ...empty, ...target, inputs, overrides }
}

/** `next`: what follows the token that is no `name=value`. */
function notPair(
  target: Target,
  token: Token,
  next: Token | undefined,
  given: readonly string[],
  line: string,
): ParsedComment {
  const { workflow } = target
  if (workflow === 'run' && token.kind === 'word' && given.length === 0) {
    return invalid(`there is no verb \`run\`; write ${asCode(`${PREFIX} ${freeText(line, token.start)}`)}`)
  }
  const option = token.kind === 'word' ? OPTION.exec(token.text)?.[1] : undefined
  if (option !== undefined) {
    const value = next === undefined || next.kind === 'pair' ? '...' : next.text
    const meant = `${option}=${BARE.test(value) ? value : quoted(value.slice(0, 60))}`
    return invalid(`${written(line, token)} is an option of a terminal; write ${asCode(meant)}`)
  }
  const text = freeText(line, token.start)
  const said = `after the workflow only name=value is expected, but there is ${written(line, token)}; write a text as an input, as in ${asCode(`name=${quoted(text)}`)}; \`${PREFIX} list\` shows the names`
  const word = token.kind === 'word' ? token.text : ''
  return { ...invalid(said), loose: { ...target, word, text, given } }
}

function pairProblem(name: string, value: string, before: ReadonlyMap<string, string>): string | undefined {
  const foreign = firstNonAscii(name)
  if (foreign) return lookAlike('an input', foreign.codePoint)
  if (name === '') return 'a name is missing before `=`, as in goal="Keep behaviour"'
  const option = OPTION.exec(name)?.[1]
  if (option !== undefined) return `${excerpt(name)} is an option of a terminal; write ${excerpt(`${option}=${value}`)}`
  if (!INPUT_NAME.test(name)) return `${excerpt(name)} is no input’s name; lower-case letters are expected, as in goal`
  if (before.has(name)) return `\`${name}\` is given twice; give it once`
  if (value.length > VALUE_CHARACTERS_MAX) return tooLong(`the value of \`${name}\``)
  return undefined
}

function nameProblem(what: 'workflow' | 'variant' | 'agent', name: string): string | undefined {
  const foreign = firstNonAscii(name)
  if (foreign) return lookAlike(`a ${what}`, foreign.codePoint)
  if (name === '') return `the ${what}’s name is missing; \`${PREFIX} list\` shows what there is`
  if (name.length > NAME_CHARACTERS_MAX) return `a ${what}’s name has at most ${NAME_CHARACTERS_MAX} characters`
  if (NAME.test(name)) return undefined
  const lower = name.toLowerCase()
  const hint = NAME.test(lower) ? `write ${excerpt(lower)}` : 'lower-case letters, digits, "-" and "+" are expected'
  return `${excerpt(name)} is no ${what}’s name; ${hint}`
}

function lookAlike(what: string, codePoint: number): string {
  return `the name of ${what} holds ${nameCodePoint(codePoint)}; names are plain ASCII letters, so that none looks like another`
}

function tooLong(what: string): string {
  return `${what} may have at most ${VALUE_CHARACTERS_MAX} characters`
}

/** What somebody wrote from `start` to the end of the line, without quotes, short enough for a suggestion. */
function freeText(line: string, start: number): string {
  const characters = [
    ...line
      .slice(start, start + 200)
      .replaceAll(/["\\]/g, '')
      .trim(),
  ]
  return characters.length > 60 ? `${characters.slice(0, 60).join('')}…` : characters.join('')
}

function written(line: string, token: Token): string {
  const end = line.slice(token.start).search(/[ \t]/)
  return excerpt(end < 0 ? line.slice(token.start) : line.slice(token.start, token.start + end))
}

function isOverride(name: string): boolean {
  return overrideNames.some((override) => override === name)
}

function firstLine(body: string): string {
  const end = body.slice(0, COMMENT_BYTES_MAX).search(/[\r\n]/)
  return end < 0 ? body : body.slice(0, end)
}

/** In sentences, as everything else that is said of a command. */
function invalid(problem: string): InvalidCommand {
  const end = /[.?!]$/.test(problem) ? '' : '.'
  return { kind: 'invalid', problem: `${problem.charAt(0).toUpperCase()}${problem.slice(1)}${end}` }
}
