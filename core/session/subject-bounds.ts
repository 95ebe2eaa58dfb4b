/** How much of a subject’s words a plan carries: some 3,000 tokens of what is written on it, and 2,000 of a log. */
export const SUBJECT_TEXT_CHARACTERS_MAX = 12_000
export const SUBJECT_LOG_CHARACTERS_MAX = 8_000
