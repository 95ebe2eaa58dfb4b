/** Editing a YAML file so that it says something else and what stays, comments above all, stays as it was written. */
import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'
import { isSame } from '../canonical.ts'
import { isMapping } from '../mapping.ts'
import { writeYaml } from './document.ts'

/** The text that says `value`: the file's own with the least changes, or written anew where that fails. */
export function rewriteYaml(text: string, value: Record<string, unknown>): string {
  return editYaml(
    text,
    (document) => {
      if (isMap(document.contents)) rewriteMap(document, document.contents, value)
    },
    value,
  )
}

/** `expected` is what the file has to say afterwards. A file that can't be edited so is written anew. */
export function editYaml(text: string, edit: (document: Document) => void, expected: unknown): string {
  const document = parseDocument(text)
  if (document.errors.length > 0) return writeYaml(expected)
  edit(document)
  const edited = asBefore(document.toString({ lineWidth: 0 }), text)
  return isSame(parseDocument(edited).toJS(), expected) ? edited : writeYaml(expected)
}

/** A line that differs from one of the file's own only in blanks is left as it was. */
function asBefore(edited: string, original: string): string {
  const bare = (line: string) => `${/^ */.exec(line)?.[0].length}:${line.replaceAll(' ', '')}`
  const lines = new Map(original.split('\n').map((line) => [bare(line), line]))
  return edited
    .split('\n')
    .map((line) => lines.get(bare(line)) ?? line)
    .join('\n')
}

function rewriteMap(document: Document, map: YAMLMap, value: Record<string, unknown>): void {
  const gone = map.items.flatMap(({ key }) => (isScalar(key) && !Object.hasOwn(value, String(key.value)) ? [key] : []))
  for (const key of gone) map.delete(key)
  for (const [key, inner] of Object.entries(value)) {
    const node = map.get(key, true) as Node | undefined
    const rewritten = rewriteNode(document, node, inner)
    if (rewritten !== node) map.set(key, rewritten)
  }
}

/** The node itself, changed within, or a new one in its place. */
function rewriteNode(document: Document, node: Node | undefined, value: unknown): unknown {
  if (node !== undefined && isSame(node.toJS(document), value)) return node
  if (isMap(node) && isMapping(value)) {
    rewriteMap(document, node, value)
    return node
  }
  if (isSeq(node) && Array.isArray(value) && value.every((item) => isMapping(item) && 'id' in item)) {
    rewriteSteps(document, node, value)
    return node
  }
  return document.createNode(value)
}

/** Items with an `id` are the same item wherever they stand. */
function rewriteSteps(document: Document, list: YAMLSeq, items: readonly Record<string, unknown>[]): void {
  const before = [...list.items]
  list.items = items.map((item) => {
    const own = before.find((node) => isMap(node) && node.get('id') === item.id)
    return rewriteNode(document, own as Node | undefined, item)
  })
}
