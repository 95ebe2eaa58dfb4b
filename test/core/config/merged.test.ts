/** The merged workflow of a promotion issue: put in place as it stands, it is the variant. */
import { expect, test } from 'vitest'
import { writeYaml } from '../../../core/config/document.ts'
import { configurationOf, layer, PORTFOLIOS } from './layers.ts'

const overlay = `summary: Name the boundaries first
squad: payments
steps:
  - id: refactor
    prompt: boundaries.md
    share: 100%
    until: { run: '\${{ inputs.test }}', attempts: 3 }
  - id: tests
    remove: true
`

function familyWith(files: Readonly<Record<string, string>>) {
  const declared = layer('repository', { 'portfolios.yml': PORTFOLIOS, ...files })
  const family = configurationOf(declared).families.get('refactor+tests')
  if (!family) throw new Error('no such workflow')
  return family
}

test('a variant of a built-in workflow: the text and the prompts it names make the same workflow', () => {
  const prompts = { 'catalog/refactor+tests/boundaries.md': 'Name the boundaries.' }
  const variant = familyWith({ ...prompts, 'catalog/refactor+tests/variants/b.yml': overlay }).variants.get('b')
  const text = writeYaml(variant?.merged)
  expect(text).toMatch(/^name: refactor\+tests\nsummary: Name the boundaries first\n/)
  const own = familyWith({ ...prompts, 'catalog/refactor+tests/workflow.yml': text })
  expect(own.layer).toBe('repository')
  expect(own.baseline).toEqual(variant?.workflow)
})
