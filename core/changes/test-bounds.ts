/** Bounds of what is said of loosened tests; more would hide the work itself. */
export const TEST_CHANGES_MAX = 20
/** Of a case's name or a line. */
export const TEST_CHANGE_CHARACTERS_MAX = 120
/** Of a line that is read for tests: nobody writes longer ones by hand. One that changes is named as unread. */
export const TEST_LINE_CHARACTERS_MAX = 1000
