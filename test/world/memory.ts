/** The memory that something needs, free of how often this process happens to collect its garbage. */
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const LOOK_EVERY_MS = 20

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** The bytes that are reachable: objects, and the buffers outside V8's heap. */
function liveBytes(): number {
  // Buffers are given back beside the collection that finds them; a second one waits for that.
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * What `work` answers, and the most bytes that were reachable beyond those before it: looked at all the while, and
 * once more while its answer is still held. (The resident memory of a process also counts garbage, and grew by 100 MB
 * for a command whose output is thrown away.)
 */
export async function withMemory<Answer>(work: () => Promise<Answer>): Promise<{ answer: Answer; bytes: number }> {
  const before = liveBytes()
  let most = before
  let done = false
  const looking = (async () => {
    // To look takes the longer, the more this process holds; it never takes more than an eighth of the time.
    for (let tookMs = 0; !done; ) {
      await sleep(Math.max(LOOK_EVERY_MS, 7 * tookMs))
      const begun = performance.now()
      most = Math.max(most, liveBytes())
      tookMs = performance.now() - begun
    }
  })()
  try {
    const answer = await work()
    return { answer, bytes: Math.max(most, liveBytes()) - before }
  } finally {
    done = true
    await looking
  }
}
