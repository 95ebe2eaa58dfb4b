/** A list of GitHub's that is read on by when its items were last changed. */
import type { Reader } from './repository.ts'

/** Pages of one list that one reading takes; the next goes on from there. */
const PAGES_MAX = 3
export const PAGE = 100

interface Changed {
  readonly updated_at: string
}

interface Answer<Item> {
  readonly data: readonly Item[]
  readonly headers: { readonly etag?: string | undefined; readonly link?: string | undefined }
}

/** `list` names it for its mark; `ask` asks for what was changed at `since` or later, the longest ago first. */
export interface ChangedList<Item> {
  readonly list: string
  readonly since: Date
  ask(page: number, headers: Readonly<Record<string, string>>): Promise<Answer<Item>>
  handle(item: Item): Promise<void>
}

export interface Progress {
  /** To the last item's change, whose second may have more to come. */
  readonly until: Date
  /** Whether anything was left that can be read at once. */
  readonly isMore: boolean
}

export async function readChanged<Item extends Changed>(
  { unchanged }: Reader,
  { list, since, ask, handle }: ChangedList<Item>,
): Promise<Progress> {
  const name = `${list} ${since.toISOString()}`
  const first = await unchanged.ask(name, (headers) => ask(1, headers))
  let until = since
  try {
    for (let page = 1, answer = first; answer !== undefined; page += 1) {
      for (const item of answer.data) await handle(item)
      const last = answer.data.at(-1)
      if (last) until = new Date(last.updated_at)
      if (!answer.headers.link?.includes('rel="next"')) break
      // More was changed within one second than one reading takes: what is left of it is passed over, for there is no end to it else.
      if (page === PAGES_MAX) return { until: until > since ? until : new Date(since.getTime() + 1000), isMore: true }
      answer = await ask(page + 1, {})
    }
  } catch (error) {
    unchanged.forget(name)
    throw error
  }
  return { until: until > since ? until : since, isMore: false }
}
