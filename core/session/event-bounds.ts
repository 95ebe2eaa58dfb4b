/** The bounds of a session’s events, apart from their schemas: a run writes events before it has any use for those. */

/** Of one run; the last place is kept for its end. */
export const EVENTS_MAX = 20_000
/** Of one text in an event. What is longer is cut, and the event says so. */
export const EVENT_TEXT_CHARACTERS_MAX = 500_000
/** Of one event as JSON, after its texts are cut. */
export const EVENT_BYTES_MAX = 1_000_000
/** Of one batch on its way to the App. */
export const EVENTS_BATCH_MAX = 200
export const EVENTS_BATCH_BYTES_MAX = 2_000_000
/** What people say to a session. */
export const SAID_CHARACTERS_MAX = 4_000
/** Of one answer of a model; one that has more is malformed. */
export const TOOL_CALLS_MAX = 64
