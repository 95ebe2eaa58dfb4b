/** How exact amounts travel in JSON: as decimal strings, since JSON's numbers are floats. */
import { z } from 'zod/mini'

const microUsdOf = (digits: RegExp) =>
  z.codec(z.string().check(z.regex(digits)), z.bigint().check(z.minimum(0n)), {
    decode: (text) => BigInt(text),
    encode: (amount) => amount.toString(),
  })

/** Micro-USD: `"2500000"` on the wire, `2500000n` in the program. `z.encode` turns it back. */
export const microUsdWire = microUsdOf(/^\d{1,18}$/)

/** What a runner says of its spend: less than ten million dollars, which no run costs. */
export const spentMicroUsdWire = microUsdOf(/^\d{1,13}$/)
