/**
 * Why a maintainer turns a proposal down: one closed list for each kind of proposal, so that reasons can be counted and squads
 * know what to mend. Each is a label (`rejected: too-dear`) and a word of `/agent reject`.
 */
import type { Proposal } from '../text/promotion-decision.ts'

/** Of what would come in. */
const coming = {
  'too-dear': 'it is not worth what it costs',
  'not-better-here': 'the numbers hold, but the work is not better for this repository',
  'too-narrow': 'its runs are too alike to speak for the rest',
  'hard-to-review': 'its work takes people too long to judge',
  risk: 'what can go wrong with it weighs more than what it gains',
  upkeep: 'it is too much to look after',
  superseded: 'another change makes it moot',
} as const
/** Of what would go. */
const going = {
  'too-early': 'so few runs can have come out like this by chance',
  mended: 'what went wrong with it has been mended since',
  superseded: coming.superseded,
} as const

export const rejections = {
  promote: coming,
  adopt: coming,
  offer: { ...coming, 'not-better-here': 'the numbers hold, but the work is not better for all repositories' },
  sunset: { ...going, needed: 'it does what nothing else in the catalog does' },
  rollback: { ...going, 'worse-before': 'the old baseline had faults that these numbers do not show' },
} as const satisfies Record<Proposal, Record<string, string>>
export type Rejection = { [Kind in Proposal]: keyof (typeof rejections)[Kind] }[Proposal]

/** Of one kind of proposal, each with what it says. */
export function rejectionsOf(proposal: Proposal): readonly (readonly [Rejection, string])[] {
  return Object.entries(rejections[proposal]) as [Rejection, string][]
}

/** Of all kinds. */
export const rejectionNames: readonly Rejection[] = [
  ...new Set((Object.keys(rejections) as Proposal[]).flatMap((kind) => rejectionsOf(kind).map(([name]) => name))),
]

export function rejectionOf(word: string, proposal?: Proposal): Rejection | undefined {
  const names = proposal === undefined ? rejectionNames : rejectionsOf(proposal).map(([name]) => name)
  return names.find((name) => name === word)
}

/** As people read them: `too-dear, risk or upkeep`, in code. */
export function rejectionsListed(proposal?: Proposal): string {
  const names = proposal === undefined ? rejectionNames : rejectionsOf(proposal).map(([name]) => name)
  const words = names.map((word) => `\`${word}\``)
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
