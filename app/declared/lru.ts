/** A map that forgets what was used least lately. */
export interface Lru<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
}

export function createLru<Value>(entriesMax: number): Lru<Value> {
  // A Map keeps the order of insertion, so the first key is always the one that is longest unused.
  const entries = new Map<string, Value>()
  const touch = (key: string, value: Value): void => {
    entries.delete(key)
    entries.set(key, value)
  }
  return {
    get(key) {
      const value = entries.get(key)
      if (value !== undefined) touch(key, value)
      return value
    },
    set(key, value) {
      touch(key, value)
      const [oldest] = entries.keys()
      if (entries.size > entriesMax && oldest !== undefined) entries.delete(oldest)
    },
  }
}
