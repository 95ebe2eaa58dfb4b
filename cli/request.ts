/** What a command line asks for, as a comment would: `<workflow>[/<variant>] [input=value ...] [cap=2x]`, or `--cap 2x`. */
import { type OverrideName, overrideNames } from '../core/command/command.ts'
import type { RunRequest } from '../core/plan/resolve.ts'
import { overrideProblems } from '../core/plan/resolve-overrides.ts'

export interface RequestOptions {
  readonly cap?: string | undefined
  readonly model?: string | undefined
  readonly effort?: string | undefined
}

export function readRequest(
  target: string,
  pairs: readonly string[],
  options: RequestOptions,
): RunRequest | { usage: string } {
  const [workflow = '', variant, ...more] = target.split('/')
  if (workflow === '' || variant === '' || more.length > 0) {
    return {
      usage: `"${target}" is no workflow; expected <workflow>[/<variant>]; for example refactor+tests/tests-first`,
    }
  }
  const inputs = new Map<string, string>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    if (at < 1) return { usage: `"${pair}" is no input; expected input=value; for example goal="Simplify the parser"` }
    if (inputs.has(name)) return { usage: `the input ${name} is given twice; expected it once; for example ${pair}` }
    inputs.set(name, pair.slice(at + 1))
  }
  const read = readOverrides(options, inputs)
  if ('usage' in read) return read
  for (const name of overrideNames) inputs.delete(name)
  return {
    workflow,
    ...(variant === undefined ? {} : { variant }),
    inputs: Object.fromEntries(inputs),
    ...read,
  }
}

/** Of options and, where there is none, of pairs as in a comment. */
export function readOverrides(
  options: RequestOptions,
  pairs: ReadonlyMap<string, string> = new Map(),
): Pick<RunRequest, 'overrides'> | { usage: string } {
  const overrides: Partial<Record<OverrideName, string>> = {}
  for (const name of overrideNames) {
    const value = options[name] ?? pairs.get(name)
    if (value !== undefined) overrides[name] = value
  }
  const [wrong] = overrideProblems(overrides)
  return wrong === undefined ? { overrides } : { usage: asOption(wrong, options) }
}

/** A comment writes `cap=2x`; where the option was used, what is said of it names the option. */
function asOption(problem: string, options: RequestOptions): string {
  const name = overrideNames.find((one) => problem.startsWith(`\`${one}=`))
  return name !== undefined && options[name] !== undefined ? problem.replace(`${name}=`, `--${name} `) : problem
}
