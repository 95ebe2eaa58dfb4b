/** A squad's share of the upside: a fixed, public extra for one sprint, written into `portfolios.yml` like any other. */
import { isMap, isSeq } from 'yaml'
import type { Exploration } from '../config/portfolios.ts'
import { editYaml } from '../config/rewrite.ts'
import { isMapping } from '../mapping.ts'
import { dayOf, sprintOf } from '../money/calendar.ts'
import { usdDecimal } from '../money/money.ts'

const WHOLE_BASIS_POINTS = 10_000n
const DAY_MS = 86_400_000

/** An entry of `exploration.squads.<squad>.extra`; the amount as decimal dollars or a number of tokens. */
export interface Extra {
  readonly unit: 'usd' | 'tokens'
  readonly amount: number
  readonly reason: string
  /** The first and the last day of the next sprint. */
  readonly from: string
  readonly until: string
}

/** `undefined` where there is nothing to give: no such squad, or a share of nothing. Rounded up to a cent or a token. */
export function extraFor(
  exploration: Exploration | undefined,
  squad: string | undefined,
  shareBasisPoints: number,
  what: string,
  now: Date,
  timeZone: string,
): Extra | undefined {
  if (exploration === undefined || squad === undefined || shareBasisPoints === 0) return undefined
  if (!Object.hasOwn(exploration.squads, squad)) return undefined
  const floor = exploration['every-squad']
  const next = sprintOf(exploration.sprint, sprintOf(exploration.sprint, now, timeZone).end, timeZone)
  const share = (amount: bigint, unit: bigint) => {
    const whole = WHOLE_BASIS_POINTS * unit
    return ((amount * BigInt(shareBasisPoints) + whole - 1n) / whole) * unit
  }
  const common = {
    reason: `Promotion of ${what}`,
    from: dayOf(next.start, timeZone),
    until: dayOf(new Date(next.end.getTime() - DAY_MS / 2), timeZone),
  }
  return 'usd' in floor
    ? { unit: 'usd', amount: Number(usdDecimal(share(floor.usd, 10_000n))), ...common }
    : { unit: 'tokens', amount: Number(share(BigInt(floor.tokens), 1n)), ...common }
}

/** `portfolios.yml` with the extra in it; `undefined` where the file itself does not declare the squad. Adding it again changes nothing. */
export function withExtra(text: string, value: unknown, squad: string, extra: Extra): string | undefined {
  const declared = squadIn(value, squad)
  if (!declared) return undefined
  const { unit, amount, ...rest } = extra
  const entry = { [unit]: amount, ...rest }
  const before = Array.isArray(declared.extra) ? declared.extra : []
  if (before.some((one) => isMapping(one) && one.reason === extra.reason && one.until === extra.until)) return text
  const path = ['exploration', 'squads', squad, 'extra']
  const expected = replaced(value, path, [...before, entry])
  return editYaml(
    text,
    (document) => {
      const list = document.getIn(path, true)
      const node = document.createNode(entry, { flow: true })
      if (isSeq(list)) list.add(node)
      else {
        const parent = document.getIn(path.slice(0, -1), true)
        if (isMap(parent)) parent.set('extra', document.createNode([entry], { flow: true }))
      }
    },
    expected,
  )
}

function squadIn(value: unknown, squad: string): Record<string, unknown> | undefined {
  const exploration = isMapping(value) ? value.exploration : undefined
  const squads = isMapping(exploration) ? exploration.squads : undefined
  const declared = isMapping(squads) && Object.hasOwn(squads, squad) ? squads[squad] : undefined
  return isMapping(declared) ? declared : undefined
}

function replaced(value: unknown, [key, ...rest]: readonly string[], inner: unknown): unknown {
  if (key === undefined) return inner
  const map = isMapping(value) ? value : {}
  return { ...map, [key]: replaced(map[key], rest, inner) }
}
