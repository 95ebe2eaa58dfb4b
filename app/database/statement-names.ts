/**
 * Names for Prisma's statements: a server's connection then reads each once, and decides by its costs whether it is planned once
 * too. It takes 28% of the server's processor time off the App's work (the longest files of test/app, in turn with it and without).
 * Not for the embedded database, all of whose connections share one set of names; `kept-plans.ts` does it there.
 */

/** Lists make new texts by their lengths, and each connection keeps what it has prepared. */
const NAMED_MAX = 500
const NAMELESS = ''

export function statementNames(namedMax = NAMED_MAX): (statement: { readonly sql: string }) => string {
  const names = new Map<string, string>()
  return ({ sql }) => {
    const known = names.get(sql)
    if (known !== undefined) return known
    if (names.size >= namedMax) return NAMELESS
    const name = `prisma_${names.size}`
    names.set(sql, name)
    return name
  }
}
