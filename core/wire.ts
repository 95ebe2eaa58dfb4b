/** How exact amounts travel in JSON: as decimal strings, since JSON's numbers are floats. */
import { z } from 'zod'

/** Micro-USD: `"2500000"` on the wire, `2500000n` in the program. `z.encode` turns it back. */
export const microUsdWire = z.codec(z.string().regex(/^\d{1,18}$/), z.bigint().nonnegative(), {
  decode: (text) => BigInt(text),
  encode: (amount) => amount.toString(),
})
