import type { GitHub } from './contract.ts'

/**
 * Resolves when nothing is under way on either side. A webhook can start a job, whose end sends webhooks again, and what the
 * App does about an event is told as the next one: so both have to be quiet one after the other, without more to tell.
 */
export async function untilQuiet(
  github: Pick<GitHub, 'settled' | 'hooks'>,
  app: { settled(): Promise<void> },
): Promise<void> {
  const lastDelivery = () => github.hooks.deliveries().at(-1)?.id
  let last: string | undefined
  do {
    last = lastDelivery()
    await github.settled()
    await app.settled()
  } while (lastDelivery() !== last)
}
