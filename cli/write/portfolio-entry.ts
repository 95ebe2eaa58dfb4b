/** Which portfolio is to pay for a workflow, and the `portfolios.yml` that says so. */
import { isDeepStrictEqual } from 'node:util'
import { isNode, isSeq, parse, parseDocument, type YAMLSeq } from 'yaml'
import type { Configuration } from '../../core/config/configuration.ts'
import type { Portfolio } from '../../core/config/portfolios.ts'
import { PORTFOLIOS } from '../../core/config/settings.ts'
import { didYouMean, listed } from '../../core/nearest.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import type { Checkout } from '../checkout.ts'
import { LAYER_FOLDER } from '../layers.ts'

export interface Payer {
  readonly name: string
  readonly portfolio: Portfolio
}

/** The portfolio that was named, else the only one there is. */
export function choosePayer({ portfolios }: Configuration, named: string | undefined): Payer | Refusal {
  const all = Object.entries(portfolios.portfolios)
  const names = all.map(([name]) => name)
  const [only] = all.length === 1 ? all : []
  const chosen = named === undefined ? only : all.find(([name]) => name === named)
  if (chosen) return { name: chosen[0], portfolio: chosen[1] }
  const there = names.length === 0 ? 'There is no portfolio yet.' : `There are ${listed(names)}.`
  if (named !== undefined) {
    const meant = didYouMean(named, names) || ` ${there}`
    return refuse('no-portfolio', `There is no portfolio \`${named}\`.${meant}`, 'Name one of `portfolios.yml`.')
  }
  const [first = 'refactoring'] = names
  const todo = names.length === 0 ? `Add one to ${LAYER_FOLDER}/${PORTFOLIOS}.` : `As in --portfolio ${first}.`
  return refuse('no-portfolio', `Say which portfolio is to pay for it. ${there}`, todo)
}

/** The repository's `portfolios.yml` with the workflow in that portfolio, every other character as it was. */
export function withWorkflow(
  { layers }: Pick<Checkout, 'layers'>,
  portfolio: string,
  workflow: string,
): string | Refusal {
  const text = layers.at(-1)?.files.get(PORTFOLIOS) ?? ''
  const path = ['portfolios', portfolio, 'workflows']
  const document = parseDocument(text)
  const list = document.getIn(path, true)
  if (!isSeq(list)) {
    const message = `The portfolio \`${portfolio}\` is not declared in ${LAYER_FOLDER}/${PORTFOLIOS} but by the organisation.`
    const todo = `Add \`${workflow}\` to it there first, or name a portfolio of this repository.`
    return refuse('no-portfolio', message, todo)
  }
  const appended = appendItem(text, list, workflow)
  list.add(workflow)
  const says = document.toJS()
  // Written anew in the layout of the library where the list is written in a way that is not foreseen here.
  return appended !== undefined && isDeepStrictEqual(parse(appended), says) ? appended : document.toString()
}

/** After the last item; `undefined` where it stands in no line of its own and in no brackets. */
function appendItem(text: string, { items, flow }: YAMLSeq, item: string): string | undefined {
  const last = items.at(-1)
  if (!isNode(last) || !last.range) return undefined
  const [from, to] = last.range
  if (flow) return `${text.slice(0, to)}, ${item}${text.slice(to)}`
  const indent = /^ *(?=- )/.exec(text.slice(text.lastIndexOf('\n', from) + 1))?.[0]
  if (indent === undefined) return undefined
  const end = text.indexOf('\n', to)
  const at = end < 0 ? text.length : end
  return `${text.slice(0, at)}\n${indent}- ${item}${text.slice(at)}`
}
