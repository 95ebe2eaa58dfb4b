/** Ids that sort in the order in which they were made: pg-boss takes jobs of one moment by their ids. */
import { randomBytes } from 'node:crypto'

/** UUIDs of version 7, each later than the one before, also within a millisecond. */
export function laterIds(now: () => number = Date.now): () => string {
  let lastMs = 0
  let count = 0
  return () => {
    const ms = now()
    // A clock that is put back, or more ids than a millisecond has room for, goes on from where it was.
    if (ms > lastMs) {
      lastMs = ms
      count = 0
    } else if (count === 0xfff) {
      lastMs += 1
      count = 0
    } else count += 1
    const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
    const random = randomBytes(8)
    random.writeUInt8(((random[0] ?? 0) & 0x3f) | 0x80)
    const text = `${hex(lastMs, 12)}7${hex(count, 3)}${random.toString('hex')}`
    return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-')
  }
}
