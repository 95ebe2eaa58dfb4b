/**
 * Conditional requests: GitHub answers 304, which costs nothing of the rate limit, where a list is as it was. Only the marks
 * are kept, in memory: whoever starts anew reads once more.
 */
import { statusOf } from '../../delivery/github.ts'
import { createLru } from '../declared/lru.ts'

const LISTS_MAX = 5_000

interface Answer {
  readonly headers: { readonly etag?: string | undefined }
}

export interface Unchanged {
  /** Asks with the mark of the list's last answer; undefined where nothing has changed since. */
  ask<Read extends Answer>(
    list: string,
    read: (headers: Readonly<Record<string, string>>) => Promise<Read>,
  ): Promise<Read | undefined>
  /** What was read could not be dealt with: it is read again. */
  forget(list: string): void
}

export function createUnchanged(): Unchanged {
  const marks = createLru<string>(LISTS_MAX)
  return {
    async ask(list, read) {
      const mark = marks.get(list)
      try {
        const answer = await read(mark ? { 'if-none-match': mark } : {})
        marks.set(list, answer.headers.etag ?? '')
        return answer
      } catch (error) {
        if (statusOf(error) === 304) return undefined
        throw error
      }
    },
    forget(list) {
      marks.set(list, '')
    },
  }
}
