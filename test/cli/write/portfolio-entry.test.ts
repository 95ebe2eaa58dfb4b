/** One more workflow in a portfolio, in whatever way the list is written. */
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Checkout } from '../../../cli/checkout.ts'
import { withWorkflow } from '../../../cli/write/portfolio-entry.ts'
import { isRefusal } from '../../../core/reason.ts'

function added(list: string): string {
  const text = `portfolios:\n  mending:\n    workflows:${list}    value: quality # kept\n`
  const files = new Map([['portfolios.yml', text]])
  const checkout: Pick<Checkout, 'layers'> = { layers: [{ name: 'repository', root: '', files }] }
  const said = withWorkflow(checkout, 'mending', 'tidy')
  if (isRefusal(said)) throw new Error(said.message)
  const [, after = ''] = said.split('workflows:')
  expect(parse(said).portfolios.mending.workflows).toEqual([...parse(text).portfolios.mending.workflows, 'tidy'])
  return after.replace(/ {4}value: quality # kept\n$/, '')
}

describe('a workflow is added to', () => {
  it.each([
    ['brackets', ' [a, b] # why\n', ' [a, b, tidy] # why\n'],
    ['brackets with blanks', ' [ a ]\n', ' [ a, tidy ]\n'],
    ['brackets over lines', ' [\n      a, # first\n      b,\n    ]\n', ' [\n      a, # first\n      b, tidy,\n    ]\n'],
    ['lines', '\n      - a # first\n      - b\n', '\n      - a # first\n      - b\n      - tidy\n'],
    ['lines with a comment at the end', '\n      - a # first\n', '\n      - a # first\n      - tidy\n'],
    ['lines that are not indented', '\n    - "a"\n', '\n    - "a"\n    - tidy\n'],
  ])('%s', (_, list, expected) => {
    expect(added(list)).toBe(expected)
  })

  it('an anchored list, written anew', () => {
    expect(added(' &mine\n      - a\n      -\n        b\n')).toContain('tidy')
  })

  it('nothing where the portfolio is the organisation’s', () => {
    const files = new Map([['portfolios.yml', 'version: 1\ninherit: organisation\n']])
    const said = withWorkflow({ layers: [{ name: 'repository', root: '', files }] }, 'mending', 'tidy')
    expect(said).toMatchObject({ reason: 'no-portfolio', message: expect.stringContaining('by the organisation') })
  })
})
