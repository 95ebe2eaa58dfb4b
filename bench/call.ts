/**
 * What it takes the runner to decide and to post one model call, after conversations of different length: the bound of
 * what was appended since the last call, the reservation with its line in a journal on disk, and the posting with its
 * own. The baseline is `JSON.stringify` of what was appended, which sending it takes in any case.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openJournal } from '../action/money/journal.ts'
import { Purse } from '../action/money/purse.ts'
import { toolDefinitions } from '../action/tools/tools.ts'
import { toolNames } from '../core/config/workflow.ts'
import { ConversationBound, type Message } from '../core/money/input-bound.ts'

/** Turns before the first call that is measured. */
const LENGTHS = [5, 50, 500] as const
/** So many calls are timed together, since one alone is too short for the clock. */
const CALLS_PER_SAMPLE = 5
const RESULT_LINES = 60

const price = { input: 1_250_000n, cached: 125_000n, output: 10_000_000n, tiers: [], source: 'the bench' }
const tools = toolDefinitions([...toolNames])

export interface CallCost {
  readonly samples: number
  /** Per call, by the turns before it. */
  readonly microseconds: Readonly<Record<(typeof LENGTHS)[number], number>>
  readonly stringifyMicroseconds: number
  /** The longest conversation's call by the shortest's. */
  readonly growth: number
}

export async function measureCall(samples: number): Promise<CallCost> {
  const dir = mkdtempSync(join(tmpdir(), 'purser-bench-'))
  const times = new Map<number, number[]>(LENGTHS.map((turns) => [turns, []]))
  const stringify: number[] = []
  const warmUp = Math.ceil(samples / 4)
  try {
    for (let sample = -warmUp; sample < samples; sample += 1) {
      for (const turns of LENGTHS) {
        const taken = await timeCalls(join(dir, 'journal.jsonl'), turns)
        if (sample >= 0) times.get(turns)?.push(taken)
      }
      if (sample >= 0) stringify.push(timeStringify())
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  const at = (turns: number) => median(times.get(turns) ?? [])
  return {
    samples,
    microseconds: { 5: at(5), 50: at(50), 500: at(500) },
    stringifyMicroseconds: median(stringify),
    growth: at(500) / at(5),
  }
}

/** Microseconds for each call of a conversation that has had so many turns. */
async function timeCalls(file: string, turns: number): Promise<number> {
  rmSync(file, { force: true })
  const journal = openJournal(file)
  const hold = { capMicroUsd: 1_000_000_000n, drawnMicroUsd: 1_000_000_000n }
  const runner = { purse: new Purse(hold, journal), bound: new ConversationBound(tools), messages: 0 }
  for (let turn = 0; turn < turns; turn += 1) await call(runner, turnOf(turn))
  const appended = Array.from({ length: CALLS_PER_SAMPLE }, (_, index) => turnOf(turns + index))
  const start = performance.now()
  for (const turn of appended) await call(runner, turn)
  const taken = performance.now() - start
  journal.close()
  return (taken * 1_000) / CALLS_PER_SAMPLE
}

async function call(
  runner: { readonly purse: Purse; readonly bound: ConversationBound; messages: number },
  appended: readonly Message[],
): Promise<void> {
  for (const message of appended) runner.bound.append(message)
  runner.messages += appended.length
  const inputTokensBound = runner.bound.upTo(runner.messages)
  const granted = await runner.purse.reserve('mend', 'gpt-5', {
    price,
    inputTokensBound,
    wrapUpInputTokensBound: inputTokensBound + 200,
    purpose: 'work',
  })
  if ('limit' in granted) throw new Error(`the bench has no room: ${granted.limit}`)
  const inputTokens = Math.ceil(inputTokensBound / 2)
  const usage = { inputTokens, cachedTokens: 0, outputTokens: 60, reasoningTokens: 0 }
  runner.purse.post(granted, { kind: 'reported', usage })
  runner.bound.learn(runner.messages, inputTokens)
}

/** A turn as it is appended: what the model said, and a page of a file that its tool answers with. */
function turnOf(number: number): Message[] {
  const id = `call_${number}`
  const path = `src/part-${number}.ts`
  const page = Array.from({ length: RESULT_LINES }, (_, line) => `${line}\texport const value${line} = "${number}"`)
  return [
    {
      role: 'assistant',
      content: 'I look at the next part.',
      tool_calls: [{ id, type: 'function', function: { name: 'read', arguments: JSON.stringify({ path }) } }],
    },
    { role: 'tool', tool_call_id: id, content: page.join('\n') },
  ]
}

function timeStringify(): number {
  const appended = Array.from({ length: CALLS_PER_SAMPLE }, (_, index) => turnOf(index))
  const start = performance.now()
  let characters = 0
  for (const turn of appended) characters += JSON.stringify(turn).length
  const taken = performance.now() - start
  if (characters === 0) throw new Error('nothing was written')
  return (taken * 1_000) / CALLS_PER_SAMPLE
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
