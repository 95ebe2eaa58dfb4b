/**
 * Whether some path could match both of two path patterns. Read segment by segment without a matcher, which every job
 * would have to load; within a segment only what stands before the first wildcard and after the last one is compared, so
 * a rare pair is said to overlap that does not.
 */

export function mayOverlap(first: string, second: string): boolean {
  return segmentsMeet(first.toLowerCase().split('/'), second.toLowerCase().split('/'))
}

function segmentsMeet(first: readonly string[], second: readonly string[]): boolean {
  const [one, ...restOfFirst] = first
  const [other, ...restOfSecond] = second
  if (one === '**') return anyDepthMeets(restOfFirst, second)
  if (other === '**') return anyDepthMeets(restOfSecond, first)
  if (one === undefined || other === undefined) return one === other
  return segmentMeets(one, other) && segmentsMeet(restOfFirst, restOfSecond)
}

/** What follows a `**` may begin at any depth of the other pattern. */
function anyDepthMeets(rest: readonly string[], other: readonly string[]): boolean {
  return Array.from({ length: other.length + 1 }, (_, depth) => other.slice(depth)).some(
    (remaining) => segmentsMeet(rest, remaining) || remaining[0] === '**',
  )
}

const WILD = /[*?{[(]/

function segmentMeets(one: string, other: string): boolean {
  if (!WILD.test(one) && !WILD.test(other)) return one === other
  const [before, after] = ends(one)
  const [otherBefore, otherAfter] = ends(other)
  return (
    (before.startsWith(otherBefore) || otherBefore.startsWith(before)) &&
    (after.endsWith(otherAfter) || otherAfter.endsWith(after))
  )
}

/** The plain text that a segment begins and ends with. */
function ends(segment: string): readonly [before: string, after: string] {
  const wild = segment.search(WILD)
  if (wild < 0) return [segment, segment]
  return [segment.slice(0, wild), /(?<![^*?{}[\]()])[^*?{}[\]()]*$/.exec(segment)?.[0] ?? '']
}
