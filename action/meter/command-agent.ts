/**
 * An agent that a command-line program carries out, in the sandbox and under the same cap: all that it can reach is the
 * workspace and its meter. Told again, it begins anew on the workspace as it left it, since a program keeps its memory in
 * files that are gone with the sandbox.
 */
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withWritten } from '../../core/money/price.ts'
import { type AgentRuntime, providerOf } from '../../core/plan/agent-runtime.ts'
import type { PlanAgent } from '../../core/plan/plan.ts'
import type { CheckpointConversation } from '../../core/session/checkpoint.ts'
import type { AgentEnd, AgentParts, AgentTask } from '../agent/agent-task.ts'
import { askInWords, readStructured } from '../agent/answer-format.ts'
import { keptMessage, turnsUsed } from '../agent/conversation-state.ts'
import type { ProviderKeys } from '../model/provider-keys.ts'
import type { SandboxedResult } from '../sandbox/sandbox.ts'
import { stopReason } from '../steps/stop.ts'
import { agentCommand, readSpoken } from './agent-command.ts'
import { findProgram } from './agent-program.ts'
import { type MeterLimit, type MeterServer, openMeterServer } from './meter-server.ts'
import { anthropic, openAi, type Provider } from './upstream.ts'

/** The run's own deadline comes before it. */
const COMMAND_MS_MAX = 6 * 3_600_000
/** The last of a program's output, where what it said last stands. */
const OUTPUT_BYTES_READ = 2_000_000
/** Requests that are given no call; a program that asks on and on is ended. */
const REFUSED_REQUESTS_MAX = 12
const DETAIL_CHARACTERS_MAX = 300

type CommandTask = AgentTask & { readonly agent: PlanAgent & { readonly runtime: AgentRuntime } }

export function openCommandAgent(
  task: AgentTask,
  runtime: AgentRuntime,
  parts: AgentParts,
  keys: ProviderKeys,
  before: CheckpointConversation | undefined,
): CommandAgent {
  const kind = providerOf(runtime)
  const { apiKey = '', baseUrl } = keys[kind]
  const provider = kind === 'openai' ? openAi(apiKey, baseUrl) : anthropic(apiKey, baseUrl)
  const price = kind === 'anthropic' ? withWritten(task.price) : task.price
  return new CommandAgent({ ...task, price, agent: { ...task.agent, runtime } }, parts, provider, before)
}

export class CommandAgent {
  readonly #task: CommandTask
  readonly #parts: AgentParts
  readonly #provider: Provider
  readonly #said: string[]
  #turns: number
  #lastText: string

  constructor(task: CommandTask, parts: AgentParts, provider: Provider, before: CheckpointConversation | undefined) {
    this.#task = task
    this.#parts = parts
    this.#provider = provider
    this.#said = (before?.messages ?? []).flatMap((message) => (message.role === 'user' ? [message.text] : []))
    this.#turns = before === undefined ? 0 : turnsUsed(before, task.turnsMax)
    this.#lastText = before?.lastText ?? ''
  }

  get turns(): number {
    return this.#turns
  }

  get state(): Omit<CheckpointConversation, 'step' | 'attempt'> {
    const messages = this.#said.map((content) => keptMessage({ role: 'user', content }))
    return { turns: this.#turns, messages, lastText: this.#lastText }
  }

  async say(text: string): Promise<AgentEnd> {
    this.#said.push(text)
    return this.goOn()
  }

  async goOn(): Promise<AgentEnd> {
    const stop = stopReason(this.#parts.signal)
    if (stop !== undefined) return this.#end(stop)
    if (this.#listen()) return this.#end('paused')
    const dir = mkdtempSync(join(tmpdir(), 'purser-agent-'))
    try {
      return await this.#work(dir)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }

  async #work(dir: string): Promise<AgentEnd> {
    const { agent, step, price, shareLeftMicroUsd, turnsMax } = this.#task
    const { purse, place, signal } = this.#parts
    const program = findProgram(agent.runtime, process.env)
    if (program === undefined) return this.#end('model-failed', `${agent.runtime} is not on this machine`)
    const halt = new AbortController()
    let refused = 0
    let isPaused = false
    const before = this.#turns
    const meter = await openMeterServer({
      socketPath: join(dir, 'meter'),
      provider: this.#provider,
      model: agent.model,
      price,
      purse,
      step,
      shareLeftMicroUsd,
      turnsMax: turnsMax - before,
      signal: AbortSignal.any([signal, halt.signal]),
      onCall: (count) => {
        this.#turns = before + count
        this.#parts.onTurn({ number: this.#turns, text: '', tools: [`${agent.runtime} is answered`] })
        if (!this.#listen()) return
        isPaused = true
        halt.abort()
      },
      onLimit: () => {
        refused += 1
        if (refused >= REFUSED_REQUESTS_MAX) halt.abort()
      },
    })
    const texts = this.#writeTexts(dir)
    this.#parts.record({ kind: 'told', conversation: step, role: 'user', text: texts.prompt })
    const { script, env, door } = agentCommand(agent, program.file, join(dir, 'meter'), texts)
    const result = await place.sandbox.run(script, {
      env,
      doors: [door],
      network: place.reach.hosts,
      onlyReads: !place.reach.write,
      shown: [program.folder, dir],
      timeoutMs: COMMAND_MS_MAX,
      signal: AbortSignal.any([signal, halt.signal]),
    })
    await meter.close()
    if (isPaused) return this.#end('paused')
    return this.#judge(result, meter)
  }

  async #judge(result: SandboxedResult, meter: MeterServer): Promise<AgentEnd> {
    const stop = stopReason(this.#parts.signal)
    if (stop !== undefined) return this.#end(stop)
    const { text, failure } = readSpoken(this.#task.agent.runtime, lastOf(result.outputFile))
    this.#lastText = text === '' ? this.#lastText : text
    const isDone = failure === undefined && result.exitCode === 0 && text !== ''
    if (!isDone && meter.limit !== undefined) return this.#end(endOf(meter.limit))
    if (!isDone) return this.#end('model-failed', this.#describe(failure, result))
    const { output } = this.#task
    if (output === undefined) return this.#end('answered')
    const read = await readStructured(output, text)
    if ('problem' in read) return this.#end('unfit', read.problem)
    return { ...this.#end('answered'), value: read.value }
  }

  #describe(failure: string | undefined, result: SandboxedResult): string {
    const { runtime } = this.#task.agent
    if (failure !== undefined) return `${runtime} failed: ${failure.slice(0, DETAIL_CHARACTERS_MAX)}`
    const last = (result.tail || result.head).trim().split('\n').at(-1) ?? ''
    return `${runtime} ended with exit ${result.exitCode ?? 'by a signal'} and said nothing that can be read: ${last.slice(0, DETAIL_CHARACTERS_MAX)}`
  }

  /** Whether the run is to rest; takes up what people have said since, for the next time that the agent is told. */
  #listen(): boolean {
    const { rest, said } = this.#parts.meanwhile()
    for (const one of said) {
      this.#said.push(one.text)
      this.#parts.record({ kind: 'said', conversation: this.#task.step, said: one })
    }
    return rest
  }

  #writeTexts(dir: string): { systemFile: string; promptFile: string; prompt: string } {
    const { systemText, output } = this.#task
    const [first = '', ...since] = this.#said
    const again =
      since.length === 0
        ? []
        : ['You have worked on this before, and what you did is in the workspace. Since then you were told:', ...since]
    const asked = output === undefined ? [] : [askInWords(output)]
    const prompt = [first, ...again, ...asked].join('\n\n')
    const texts = { systemFile: join(dir, 'system.md'), promptFile: join(dir, 'prompt.md'), prompt }
    writeFileSync(texts.systemFile, systemText)
    writeFileSync(`${texts.systemFile}.json`, JSON.stringify(systemText))
    writeFileSync(texts.promptFile, prompt)
    return texts
  }

  #end(ended: AgentEnd['ended'], detail?: string): AgentEnd {
    return { ended, text: this.#lastText, detail }
  }
}

function endOf(limit: MeterLimit): AgentEnd['ended'] {
  if (limit === 'drawn') return 'cap'
  // Whoever stopped the run has said why by now.
  return limit === 'stopped' ? 'cancelled' : limit
}

function lastOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, OUTPUT_BYTES_READ))
    readSync(file, bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString('utf8')
  } finally {
    closeSync(file)
  }
}
