import type { Configuration, Layer } from './configuration.ts'
import type { Problem } from './problem.ts'

/**
 * Reads the layers, lowest first, into one configuration, or names every problem at once. `today` (`2026-11-20`)
 * judges what has an end: extras and experiments.
 */
export function loadConfiguration(
  layers: readonly Layer[],
  today: string,
): { configuration: Configuration } | { problems: readonly Problem[] } {
  throw new Error(`not written yet: ${layers.length} ${today}`)
}
