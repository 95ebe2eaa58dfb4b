/** Work that a person has to look at before it is delivered: `approve: true` of its workflow. */

/** The days that it waits; afterwards it is put aside, and never thrown away. */
export const APPROVAL_DAYS = 14

/** `unasked`: nobody has been shown it yet. `impossible`: there is nobody who could be shown it, or nobody who could wait. */
export type Approval = 'unasked' | 'given' | 'lapsed' | 'impossible'
