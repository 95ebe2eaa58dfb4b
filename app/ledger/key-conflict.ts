/** An idempotency key came back with other parameters: a bug in the caller, never a person's mistake. */
export class KeyConflict extends Error {
  override readonly name = 'KeyConflict'
}
