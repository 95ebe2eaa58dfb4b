/** The stories that the demo can tell; apart from them, so that naming one loads nothing. */
export const storyNames = ['month', 'quarter'] as const
export type StoryName = (typeof storyNames)[number]
