import { createHmac, randomUUID } from 'node:crypto'
import type { Delivery, HookFault, Webhooks } from './contract.ts'

/** GitHub waits this long for an answer and then counts the delivery as failed. */
const answerTimeoutMs = 10_000
const journalMax = 2_000

/** One try to deliver, as GitHub's log of an App's webhook tells it. `status` 0: nothing answered. */
export type Attempt = { id: number; delivery: Delivery; at: Date; redelivery: boolean; status: number }

export type HookQueue = Webhooks & {
  /** Oldest first. */
  attempts(): readonly Attempt[]
  /** Queues a delivery again. */
  again(delivery: Delivery): void
  queue(event: string, payload: Record<string, unknown>): void
  close(): void
}

/** Sends webhooks one at a time, in the order they were queued, signed as GitHub signs them. */
export function createHooks(secret: string, first: string | undefined, now: () => Date): HookQueue {
  const journal: Delivery[] = []
  const faults: (HookFault & { left: number })[] = []
  let waiting: Delivery[] = []
  let held: Delivery[] = []
  let url = first
  let paused: 'logged' | 'forgotten' | false = false
  let worker: Promise<void> | null = null
  const closed = new AbortController()
  const attempts: Attempt[] = []

  function log(delivery: Delivery, status: number): void {
    const redelivery = attempts.some((one) => one.delivery === delivery)
    attempts.push({ id: attempts.length + 1, delivery, at: now(), redelivery, status })
  }

  function queue(event: string, payload: Record<string, unknown>): void {
    const action = typeof payload.action === 'string' ? payload.action : null
    // A payload is a record of this moment: later changes to shared objects must not show in it.
    const delivery: Delivery = { id: randomUUID(), event, action, payload: structuredClone(payload), statuses: [] }
    journal.push(delivery)
    if (journal.length > journalMax) journal.shift()
    const fault = takeFault(delivery)
    if (paused === 'logged') log(delivery, 0)
    if (url === undefined || paused || fault === 'drop') return
    if (fault === 'last') held.push(delivery)
    else waiting.push(delivery)
    if (fault === 'duplicate') waiting.push(delivery)
    work()
  }

  function takeFault(delivery: Delivery): HookFault['kind'] | null {
    const fault = faults.find(
      (one) =>
        one.left > 0 &&
        (one.event === undefined || one.event === delivery.event) &&
        (one.action === undefined || one.action === delivery.action),
    )
    if (!fault) return null
    fault.left -= 1
    return fault.kind
  }

  function work(): void {
    worker ??= drain().finally(() => {
      worker = null
      if (waiting.length > 0 || held.length > 0) work()
    })
  }

  async function drain(): Promise<void> {
    // Those held back go out when nothing is left to overtake them.
    await new Promise(setImmediate)
    for (let next = waiting.shift() ?? held.shift(); next; next = waiting.shift() ?? held.shift()) {
      if (closed.signal.aborted) return
      await deliver(next)
    }
  }

  async function deliver(delivery: Delivery): Promise<number> {
    const body = JSON.stringify(delivery.payload)
    const status = await post(url ?? '', body, {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/world',
      'x-github-event': delivery.event,
      'x-github-delivery': delivery.id,
      'x-github-hook-installation-target-type': 'integration',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    })
    delivery.statuses.push(status)
    log(delivery, status)
    return status
  }

  async function post(to: string, body: string, headers: Record<string, string>): Promise<number> {
    try {
      const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(answerTimeoutMs)])
      const response = await fetch(to, { method: 'POST', headers, body, signal })
      await response.arrayBuffer()
      return response.status
    } catch {
      return 0
    }
  }

  async function settled(): Promise<void> {
    while (worker) await worker
  }

  return {
    queue,
    settled,
    attempts: () => attempts,
    again: (delivery) => {
      waiting.push(delivery)
      work()
    },
    target: (to) => {
      url = to
    },
    deliveries: () => [...journal],
    async redeliver(id) {
      const delivery = journal.find((one) => one.id === id)
      if (!delivery) throw new Error(`no delivery ${id} in the journal`)
      await settled()
      return deliver(delivery)
    },
    fault: (fault) => void faults.push({ ...fault, left: fault.times ?? 1 }),
    pause: (how) => {
      paused = how?.forgotten ? 'forgotten' : 'logged'
    },
    resume: () => {
      paused = false
    },
    close: () => {
      waiting = []
      held = []
      closed.abort()
    },
  }
}
