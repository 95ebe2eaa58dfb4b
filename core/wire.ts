/** How exact amounts travel in JSON: as decimal strings, since JSON's numbers are floats. */
import { z } from 'zod/mini'

/** Micro-USD: `"2500000"` on the wire, `2500000n` in the program. `z.encode` turns it back. */
export const microUsdWire = z.codec(z.string().check(z.regex(/^\d{1,18}$/)), z.bigint().check(z.minimum(0n)), {
  decode: (text) => BigInt(text),
  encode: (amount) => amount.toString(),
})
