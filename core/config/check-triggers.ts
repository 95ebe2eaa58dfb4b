/** What must hold of a workflow's triggers: patterns that can match, and inputs that the workflow takes and needs. */

import { readInputs } from '../plan/resolve-inputs.ts'
import { isRefusal } from '../reason.ts'
import { missingInput, unknownInput } from './check-nested.ts'
import type { AtPath } from './check-values.ts'
import type { Path } from './document.ts'
import { globFindings } from './globs.ts'
import type { Trigger } from './trigger.ts'
import type { Workflow } from './workflow.ts'

export function triggerFindings(workflow: Workflow): AtPath[] {
  const written = workflow.on.map((one) => JSON.stringify(one))
  return workflow.on.flatMap((one, index): AtPath[] => {
    const path = ['on', index]
    if (written.indexOf(JSON.stringify(one)) < index) return [{ path, finding: TWICE }]
    if (typeof one === 'string') return []
    const globs = 'paths' in one ? globFindings(one.paths ?? [], [...path, 'paths']) : []
    return [...globs, ...inputFindings(workflow, one, path)]
  })
}

const TWICE = {
  wrong: 'stands here twice',
  expected: 'each subject and each trigger once',
  example: 'on: [pull-request, { label: agent/fix }]',
}

function inputFindings(workflow: Workflow, trigger: Trigger, path: Path): AtPath[] {
  const given = trigger.inputs ?? {}
  const { name, inputs } = workflow
  const unknown = Object.keys(given)
    .filter((key) => !Object.hasOwn(inputs, key))
    .map((key) => ({ path: [...path, 'inputs', key], finding: unknownInput(key, name, Object.keys(inputs)) }))
  const missing = Object.entries(inputs)
    .filter(([key, declared]) => declared.default === undefined && !Object.hasOwn(given, key))
    .map(([key]) => ({ path: [...path, 'inputs'], finding: missingInput(key, name) }))
  if (unknown.length + missing.length > 0) return [...unknown, ...missing]
  const texts = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]))
  const read = readInputs(workflow, texts)
  if (!isRefusal(read)) return []
  const finding = { wrong: read.message.replace(/\.$/, ''), expected: 'values of its types', example: 'goal: Tidy up' }
  return [{ path: [...path, 'inputs'], finding }]
}
