/** The pull requests of the quarter: what each is about, what runs on it, what that costs and what people make of the work. */
import type { Files } from '../../test/world/contract.ts'
import type { PreparedWork } from './stand-in.ts'

export type Squad = 'payments' | 'web'
/** What people do with the work. `open`: nothing. `reworked`: they say so by a label, and merge. */
export type End = 'merged' | 'reworked' | 'closed' | 'reverted' | 'open'

export interface Try {
  /** The module that the pull request adds; no two have the same. */
  readonly name: string
  readonly squad: Squad
  /** Null for the standard. */
  readonly variant: string | null
  readonly cents: number
  readonly end: End
  /** As it is written behind the command. */
  readonly overrides?: string
}

const subjects: Readonly<Record<Squad, string[]>> = {
  payments: (
    'iban bic fee refund mandate chargeback payout receipt dunning surcharge deposit instalment balance statement interest ' +
    'penalty transfer settlement escrow quota credit debit advance arrears annuity rebate bonus cashback tariff discount'
  ).split(' '),
  web: (
    'banner menu search filter sorting basket wishlist rating gallery zoom carousel newsletter feedback cookie language ' +
    'theme contrast avatar profile address postcode phone email password captcha session consent sitemap breadcrumb footer'
  ).split(' '),
}

function tries(
  squad: Squad,
  variant: string | null,
  planned: readonly (readonly [End, cents: number])[],
  more: Pick<Try, 'overrides'> = {},
): Try[] {
  return planned.map(([end, cents]) => {
    const name = subjects[squad].shift()
    if (name === undefined) throw new Error(`squad ${squad} has nothing left to work on`)
    return { name, squad, variant, end, cents, ...more }
  })
}

const [merged, reworked, closed] = ['merged', 'reworked', 'closed'] as const

/** In the order in which they are played: three at a time, which is what a checkpoint looks at. */
export const quarter = {
  standard: tries('payments', null, [
    [merged, 84],
    [reworked, 96],
    [merged, 79],
  ]),
  forgotten: tries('payments', null, [['open', 90]]),
  boundaries: [
    tries('payments', 'boundaries', [
      [merged, 66],
      [merged, 61],
      [merged, 70],
    ]),
    tries('payments', 'boundaries', [
      [merged, 62],
      [closed, 71],
      [merged, 65],
    ]),
  ],
  fromScratch: [
    tries('web', 'from-scratch', [
      [merged, 140],
      [closed, 155],
      [reworked, 149],
    ]),
    tries('web', 'from-scratch', [
      [closed, 151],
      [merged, 144],
      [closed, 160],
    ]),
  ],
  /** Since `boundaries` is the standard. */
  boundariesWatched: [
    tries('payments', null, [
      [merged, 64],
      [merged, 69],
      [merged, 61],
    ]),
    tries('web', null, [
      [merged, 63],
      [closed, 72],
      [merged, 65],
    ]),
  ],
  brief: [
    tries('web', 'brief', [
      [merged, 38],
      [merged, 41],
      [merged, 36],
    ]),
    tries('web', 'brief', [
      [merged, 37],
      [merged, 42],
      [merged, 39],
    ]),
  ],
  /** Since `brief` is the standard. */
  briefWatched: [
    tries('payments', null, [
      ['reverted', 41],
      [closed, 44],
      [merged, 39],
    ]),
    tries('web', null, [
      [merged, 42],
      [closed, 45],
      [reworked, 43],
    ]),
  ],
  /** Since `boundaries` is the standard again: small matters, for which people ask it to think less. */
  withLess: tries(
    'payments',
    null,
    [
      [merged, 45],
      [merged, 43],
      [merged, 48],
    ],
    { overrides: 'effort=low' },
  ),
} satisfies Record<string, readonly Try[] | readonly (readonly Try[])[]>

const LEAST = 3
const MOST = 40

/** What the pull request adds. */
export function pullFiles({ name, squad }: Try): Files {
  return {
    [pathOf({ name, squad })]: [
      `// Is the ${name} fine?`,
      `export function is${capital(name)}(value) {`,
      '  if (value == null) return false',
      `  if (value < ${LEAST}) return false`,
      `  if (value > ${MOST}) return false`,
      '  return true',
      '}',
      '',
    ].join('\n'),
  }
}

/** What a run makes of it. */
export function workOn({ name, squad, cents }: Try): PreparedWork {
  const lines = [
    `const limits = { least: ${LEAST}, most: ${MOST} }`,
    '',
    `/** Whether \`value\` is within the limits of the ${name}; both ends count. */`,
    `export function is${capital(name)}(value) {`,
    "  return typeof value === 'number' && value >= limits.least && value <= limits.most",
    '}',
  ]
  return {
    title: `Name the limits of the ${name}`,
    path: pathOf({ name, squad }),
    content: `${lines.join('\n')}\n`,
    addedLines: 5,
    deletedLines: 6,
    spentMicroUsd: BigInt(cents) * 10_000n,
  }
}

function pathOf({ name, squad }: Pick<Try, 'name' | 'squad'>): string {
  return `src/${squad}/${name}.js`
}

function capital(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}
