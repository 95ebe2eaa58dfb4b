/** What a story is made of: acts that are played with real hands and then say, from what is read back, whether they held. */
import type { Files } from '../test/world/contract.ts'
import type { Books } from './books.ts'
import type { StoryName } from './names.ts'
import type { Stage } from './stage.ts'

export interface Story {
  readonly name: StoryName
  /** Said before it begins, since it may matter to whoever believes what follows. */
  readonly about: string
  /** The repository's first commit. */
  readonly files: () => Files
  /** It begins this many days ago, so that all of it lies in the past of the machine's own clock. */
  readonly beginsDaysAgo: number
  /** `action`: the bundled Action carries the runs out. `stand-in`: somebody plays the jobs' part. */
  readonly jobs: 'action' | 'stand-in'
  /** Where the runs' costs come from, as part of a sentence. */
  readonly costs: string
  readonly acts: readonly Act[]
}

export interface Act {
  /** The day of the story, from 0. */
  readonly day: number
  readonly step: string
  /** It has nothing in common with the act before it and is played at the same time. */
  readonly beside?: true
  /** It needs a model that errs on cue, which only the scripted one does. */
  readonly scripted?: true
  play(stage: Stage, pulls: Pulls): Promise<void>
  /** Read back from the database, the repository or GitHub; never from what `play` believes. */
  holds(books: Books, pulls: Pulls): Promise<boolean>
  /** What is to be seen of it, read back likewise. */
  tells?(books: Books, pulls: Pulls): Promise<readonly string[]>
}

/** What a pull request is about -> its number. */
export type Pulls = Map<string, number>

export function numberOf(pulls: Pulls, name: string): number {
  const number = pulls.get(name)
  if (number === undefined) throw new Error(`no pull request was opened for ${name}`)
  return number
}
