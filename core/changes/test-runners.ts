/** Files that say which tests run, as the common runners name them; and the parts of shared ones that do. */
import { isMapping } from '../mapping.ts'

/** Of a runner alone: whatever changes in one. */
const OWN =
  /(^|\/)(?:(?:vitest|jest|playwright|cypress|karma|ava|wdio|nightwatch)\.(?:config|workspace|conf)\.(?:[cm]?[jt]s|json)|\.mocharc(?:\.\w+)?|\.?pytest\.ini|tox\.ini|phpunit\.xml(?:\.dist)?|pest\.xml|\.rspec|[^/]*\.runsettings|xunit\.runner\.json|junit-platform\.properties)$/

const PACKAGE = /(^|\/)package\.json$/
/** What `npm test` does, before and after too, and what a runner reads of it. */
const SCRIPT = /^(?:pre|post)?test(?:$|[:_-])/
const KEYS = ['jest', 'mocha', 'ava', 'vitest', 'tap']

/** Files of many tools, in which a header begins what is a runner's. */
const SECTIONS: readonly { readonly path: RegExp; readonly header: RegExp }[] = [
  { path: /(^|\/)pyproject\.toml$/, header: /^\[tool\.(?:pytest|tox|nose2?)\b/ },
  { path: /(^|\/)setup\.cfg$/, header: /^\[(?:tool:pytest|pytest|nosetests)\b/ },
  { path: /(^|\/)Cargo\.toml$/, header: /^\[\[?(?:test|bench)\b/ },
]

export function maySetRunner(path: string): boolean {
  return OWN.test(path) || PACKAGE.test(path) || SECTIONS.some((one) => one.path.test(path))
}

/** What of a change sets another course for the tests: the line as it is now, or as it was where it is gone. */
export function runnerChange(path: string, before: string | undefined, after: string | undefined): string | undefined {
  const [was, is] = [settings(path, before), settings(path, after)]
  // A package that gets its first tests also gets what runs them.
  const isFirst = (name: string) => PACKAGE.test(path) && name === 'test' && !was.has('test')
  const fresh = [...is].find(([name, text]) => was.get(name) !== text && !isFirst(name))
  return fresh?.[1] ?? [...was].find(([name]) => !is.has(name))?.[1]
}

/** By name; a line of a file whose form is not known here is its own. */
function settings(path: string, content: string | undefined): ReadonlyMap<string, string> {
  if (content === undefined) return new Map()
  if (PACKAGE.test(path)) return packageSettings(content)
  const lines = content.split('\n').map((text) => text.trim())
  const said = lines.filter((text) => text !== '' && !/^(?:\/\/|\/\*|\*|#|;|<!--)/.test(text))
  return new Map((OWN.test(path) ? said : inSections(path, said)).map((text) => [text, text]))
}

function inSections(path: string, lines: readonly string[]): readonly string[] {
  const header = SECTIONS.find((one) => one.path.test(path))?.header
  let isInside = false
  return lines.filter((text) => {
    if (text.startsWith('[')) isInside = header?.test(text) ?? false
    return isInside
  })
}

function packageSettings(content: string): ReadonlyMap<string, string> {
  let read: unknown
  try {
    read = JSON.parse(content)
  } catch {
    return new Map([['', 'not JSON']])
  }
  const file = isMapping(read) ? read : {}
  const scripts = Object.entries(isMapping(file.scripts) ? file.scripts : {}).filter(([name]) => SCRIPT.test(name))
  const kept = KEYS.filter((key) => key in file).map((key) => [key, file[key]] as const)
  return new Map([...scripts, ...kept].map(([name, value]) => [name, `"${name}": ${JSON.stringify(value)}`]))
}
