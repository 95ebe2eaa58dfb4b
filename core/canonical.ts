/** One text for one value: keys in order, so that what means the same compares and hashes the same. */

/** JSON with sorted keys; amounts of money as decimal text; what is `undefined` is left out, as in JSON. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return inner.toString()
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

export function isSame(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}
