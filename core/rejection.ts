/**
 * Why a maintainer turns a proposal down: the one closed list, so that reasons can be counted and squads know what to
 * mend. Each is a label (`rejected: too-dear`) and a word of `/agent reject`.
 */
export const rejections = {
  'too-dear': 'it is not worth what it costs',
  'not-better-here': 'the numbers hold, but the work is not better for this repository',
  'too-narrow': 'its runs are too alike to speak for the rest',
  'hard-to-review': 'its work takes people too long to judge',
  risk: 'what can go wrong with it weighs more than what it gains',
  upkeep: 'it is too much to look after',
  superseded: 'another change makes it moot',
} as const satisfies Record<string, string>
export type Rejection = keyof typeof rejections
export const rejectionNames = Object.keys(rejections) as Rejection[]

export function rejectionOf(word: string): Rejection | undefined {
  return rejectionNames.find((name) => name === word)
}

/** As people read them: `too-dear, risk or upkeep`, in code. */
export function rejectionsListed(): string {
  const words = rejectionNames.map((word) => `\`${word}\``)
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
