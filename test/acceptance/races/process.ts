/** Starts a racing process and listens to it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Fact, factSchema, type Orders } from './facts.ts'

export const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))

/** To compile PGlite's functions again, better, takes longer than a short process uses them. */
export const QUICK: readonly string[] = ['--liftoff-only']

export interface Racer {
  /** What it has said so far. */
  readonly facts: readonly Fact[]
  /** Resolves when it has said so many facts of that kind, or has ended. */
  said(did: Fact['did'], times: number): Promise<void>
  /** `0`, or what ended it: a code or a signal. */
  readonly ended: Promise<string>
  kill(signal: NodeJS.Signals): void
}

export function startRacer(orders: Orders): Racer {
  const args = [...QUICK, WORKER, JSON.stringify(orders)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const facts: Fact[] = []
  const lines = createInterface({ input: child.stdout })
  const watching = new Set<() => void>()
  lines.on('line', (line) => {
    facts.push(factSchema.parse(JSON.parse(line)))
    for (const look of watching) look()
  })
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(([[code, signal]]) =>
    String(signal ?? code),
  )
  return {
    facts,
    ended,
    async said(did, times) {
      const enough = Promise.withResolvers<void>()
      const look = () => {
        if (facts.filter((fact) => fact.did === did).length >= times) enough.resolve()
      }
      watching.add(look)
      look()
      await Promise.race([enough.promise, ended])
      watching.delete(look)
    },
    kill: (signal) => void child.kill(signal),
  }
}

export function factsOf<Did extends Fact['did']>(
  racers: readonly Pick<Racer, 'facts'>[],
  did: Did,
): readonly Extract<Fact, { did: Did }>[] {
  const isOf = (fact: Fact): fact is Extract<Fact, { did: Did }> => fact.did === did
  return racers.flatMap(({ facts }) => facts.filter(isOf))
}
