/** What the App gets of a session besides its money, and what it can do to one: let it rest, go on, and be spoken to. */
import { appendFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { z } from 'zod'
import type { eventsBodySchema } from '../../core/run/protocol.ts'
import { type Checkpoint, checkpointSchema } from '../../core/session/checkpoint.ts'
import { type SessionEvent, sessionEventSchema } from '../../core/session/session-event.ts'
import type { Script } from '../world/model-contract.ts'
import { setUpApp, unreachable } from './app-world.ts'

const edit = { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] }
const mend: Script = (request) =>
  request.messages.some((message) => message.role === 'assistant') ? { text: 'Mended' } : edit

/** Keeps the log as the App does: what it has already changes nothing, and it says how much it has. */
function keeper() {
  const events: SessionEvent[] = []
  const checkpoints: Checkpoint[] = []
  const take = (body: z.input<typeof eventsBodySchema>) => {
    for (const event of body.events ?? []) {
      if (event.sequence === events.length) events.push(sessionEventSchema.parse(event))
    }
    if (body.checkpoint !== undefined) checkpoints.push(checkpointSchema.parse(body.checkpoint))
    return { eventsTaken: events.length }
  }
  return { events, checkpoints, take }
}

const drawing = { drawnMicroUsd: 1_000n, draw: (want: bigint) => want }

describe('an App that keeps the log', () => {
  it('has all of it before the report, also where a batch was lost on its way', async () => {
    const { events, checkpoints, take } = keeper()
    const fail = (door: string, count: number) =>
      door === 'events' && [2, 4].includes(count) ? unreachable : undefined
    const { world, app, inputs, extra } = await setUpApp(onTestFinished, [mend], { ...drawing, events: take, fail })
    const job = await world.run(inputs, extra)
    expect(job.outputs.conclusion).toBe('completed')
    expect(events.map(({ kind }) => kind)).toEqual([
      ...['run-started', 'step-started', 'told', 'told', 'usage', 'turn', 'tool-result', 'usage', 'turn'],
      ...['step-ended', 'checkpoint', 'ended'],
    ])
    expect(checkpoints.at(-1)?.steps.map(({ report }) => report.id)).toEqual(['mend'])
    expect(app.seen.at(-1)?.path).toMatch(/finish$/)
    expect(JSON.stringify(app.seen.map(({ body }) => body))).not.toContain('canary')
  })

  it('costs a run nothing where it takes none of it', async () => {
    const fail = (door: string, count: number) => (door === 'events' && count > 1 ? unreachable : undefined)
    const { world, app, inputs, extra } = await setUpApp(onTestFinished, [mend], { ...drawing, fail })
    expect((await world.run(inputs, extra)).outputs).toMatchObject({ conclusion: 'completed' })
    expect(app.reports()).toHaveLength(1)
  })
})

describe('the log of a job that was killed', () => {
  it('is told by `post` as far as its lines are whole, with the last checkpoint', async () => {
    const { events, checkpoints, take } = keeper()
    const script: Script = (request) =>
      JSON.stringify(request.messages).includes('Check') ? { silent: true } : mend(request)
    const options = { ...drawing, drawnMicroUsd: 400_000n, events: take }
    const { world, app, claim, inputs, extra, model } = await setUpApp(onTestFinished, [script], options)
    const [step] = claim.plan.steps
    if (step === undefined || !('agent' in step)) throw new Error('the plan has no agent')
    claim.plan.steps.push({ ...step, id: 'check', promptText: 'Check it' })
    const job = world.start(inputs, extra)
    await expect.poll(() => model.calls().length, { timeout: 20_000 }).toBe(3)
    job.kill('SIGKILL')
    const { state } = await job.ended
    expect(app.seen.filter(({ path }) => path.endsWith('/events'))).toEqual([])
    appendFileSync(`${state.baseDir}/events.jsonl`, '{"sequence":')
    await world.post(job.env)
    expect(events.map(({ kind }) => kind).slice(-4)).toEqual(['checkpoint', 'step-started', 'told', 'told'])
    expect(checkpoints).toMatchObject([
      { steps: [{ report: { id: 'mend' } }], changeset: { files: [{ path: 'sum.js' }] } },
    ])
    expect(app.seen.at(-1)?.path).toMatch(/finish$/)
  })

  it('stays in the job where its work is to stay there, whether it was killed or not', async () => {
    const { take } = keeper()
    const { world, app, inputs, extra } = await setUpApp(onTestFinished, [mend], { ...drawing, events: take })
    const job = world.start({ ...inputs, deliver: 'none' }, extra)
    expect((await job.ended).outputs.conclusion).toBe('completed')
    await world.post(job.env)
    expect(app.reports()).toHaveLength(1)
    expect(JSON.stringify(app.seen)).not.toContain('a + b')
  })
})

describe('a run that its App lets rest', () => {
  it('ends after the call that is under way, with its checkpoint; another one goes on, and hears what was said', async () => {
    const { checkpoints, take } = keeper()
    const first = await setUpApp(onTestFinished, [mend], {
      ...drawing,
      events: (body) => ({ ...take(body), pause: true }),
    })
    const rested = await first.world.run(first.inputs, first.extra)
    expect(rested.outputs).toMatchObject({ conclusion: 'cancelled', reason: 'paused' })
    expect(first.app.reports()).toMatchObject([{ conclusion: 'cancelled', reason: 'paused', calls: [{}] }])
    const [resume] = checkpoints
    if (resume === undefined) throw new Error('there is no checkpoint')
    expect(resume.conversation?.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool'])

    const said = [{ id: '1', text: 'Mind negative numbers' }]
    const { changeset } = resume
    const second = await setUpApp(onTestFinished, [mend], { ...drawing, claim: { said } })
    const here = { ...resume, changeset: { ...changeset, baseSha: second.world.sha } }
    Object.assign(second.claim, { resume: here })
    const job = await second.world.run(second.inputs, second.extra)
    expect(job.outputs).toMatchObject({ conclusion: 'completed', reason: '' })
    expect(second.model.calls()).toHaveLength(1)
    const [before, after] = [first.model.calls()[0], second.model.calls()[0]].map(
      (call) => call?.request.messages ?? [],
    )
    expect(JSON.stringify(after?.slice(0, 2))).toBe(JSON.stringify(before))
    expect(after?.at(-1)?.content).toBe('Somebody who follows this work says: Mind negative numbers')
    expect(job.patch).toContain('a + b')
  })

  it('is refused to go on from work that does not apply, before anything is spent', async () => {
    const { checkpoints, take } = keeper()
    const first = await setUpApp(onTestFinished, [mend], {
      ...drawing,
      events: (body) => ({ ...take(body), pause: true }),
    })
    await first.world.run(first.inputs, first.extra)
    const [resume] = checkpoints
    const elsewhere = resume && { ...resume, changeset: { ...resume.changeset, baseSha: 'b'.repeat(40) } }
    const second = await setUpApp(onTestFinished, [mend], { ...drawing, claim: { resume: elsewhere } })
    const job = await second.world.run(second.inputs, second.extra)
    expect(job.outputs).toMatchObject({ conclusion: 'refused', reason: 'checkpoint-unusable' })
    expect(second.model.calls()).toEqual([])
  })
})
