/** What must never be so, and was. */

export interface Violation {
  /** The rule that was broken, in a word. */
  readonly invariant: string
  /** What was found, in words. */
  readonly says: string
  readonly expected: string
  readonly found: string
  /** The run or account whose last events tell the story. */
  readonly subjects: readonly string[]
}

/** Thrown by whoever checks, caught where the simulation ends. */
export class InvariantBroken extends Error {
  override readonly name = 'InvariantBroken'
  readonly violation: Violation

  constructor(violation: Violation) {
    super(`${violation.invariant}: ${violation.says}; expected ${violation.expected}, found ${violation.found}`)
    this.violation = violation
  }
}
