/** The run's log on disk: numbered, redacted, bounded, and read back in batches. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openRecording } from '../../../action/session/recording.ts'
import { applyChangeset } from '../../../action/workspace/apply-changeset.ts'
import {
  EVENT_BYTES_MAX,
  EVENTS_BATCH_BYTES_MAX,
  EVENTS_BATCH_MAX,
  EVENTS_MAX,
} from '../../../core/session/event-bounds.ts'
import { sessionEventSchema } from '../../../core/session/session-event.ts'

const silent = { line: () => {}, foreign: () => {}, warning: () => {}, error: () => {} }

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'purser-recording-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

function recording() {
  const file = join(folder(), 'events.jsonl')
  const opened = openRecording(
    file,
    (text) => text.replaceAll('secret', '***'),
    () => 0,
    silent,
  )
  onTestFinished(() => opened.close())
  const read = (lines: readonly string[]) => lines.map((line) => sessionEventSchema.parse(JSON.parse(line)))
  return {
    ...opened,
    record: opened.record,
    batch: (from: number) => read(opened.batch(from)),
    count: () => opened.count,
    file,
  }
}

const told = (text: string) => ({ kind: 'told', conversation: 'mend', role: 'user', text }) as const

describe('a recording', () => {
  it('numbers events, takes secrets out, and reads the same back from any number on', () => {
    const { record, batch, file } = recording()
    for (const text of ['one', 'a secret', 'three']) record(told(text))
    expect(batch(0).map((event) => [event.sequence, 'text' in event && event.text])).toEqual([
      [0, 'one'],
      [1, 'a ***'],
      [2, 'three'],
    ])
    expect(batch(2)).toHaveLength(1)
    expect(batch(3)).toEqual([])
    expect(readFileSync(file, 'utf8')).not.toContain('secret')
  })

  it('gives batches within their bounds, of which the next begins where the last one ended', () => {
    const { record, batch, count } = recording()
    for (let at = 0; at < EVENTS_BATCH_MAX + 5; at += 1) record(told('short'))
    for (let at = 0; at < 6; at += 1) record(told('x'.repeat(450_000)))
    const seen: number[] = []
    while (seen.length < count()) {
      const next = batch(seen.length)
      expect(next.length).toBeLessThanOrEqual(EVENTS_BATCH_MAX)
      expect(JSON.stringify(next).length).toBeLessThanOrEqual(EVENTS_BATCH_BYTES_MAX)
      seen.push(...next.map(({ sequence }) => sequence))
    }
    expect(seen).toEqual(seen.map((_, index) => index))
  })

  it('cuts what is too long, says so, and stays within an event’s bytes whatever is in it', () => {
    const { record, batch } = recording()
    record(told('x'.repeat(600_000)))
    record(told('\u0000'.repeat(400_000)))
    const calls = Array.from({ length: 60 }, (_, id) => ({
      id: `${id}`,
      name: 'write',
      argumentsJson: 'y'.repeat(99_000),
    }))
    record({ kind: 'turn', conversation: 'mend', number: 1, text: '', toolCalls: calls })
    const events = [...batch(0), ...batch(1), ...batch(2)]
    expect(events.every((event) => event.cut)).toBe(true)
    for (const event of events) expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(EVENT_BYTES_MAX)
  })

  it('is full at its bound, but for the end, which says that something is missing', () => {
    const { record, batch, count } = recording()
    for (let at = 0; at < EVENTS_MAX + 10; at += 1) record(told('.'))
    record({ kind: 'ended', conclusion: 'completed', message: '', spentMicroUsd: 5n })
    expect(count()).toBe(EVENTS_MAX)
    expect(batch(EVENTS_MAX - 1)).toMatchObject([{ kind: 'ended', cut: true, spentMicroUsd: 5n }])
  })
})

describe('the work of a checkpoint', () => {
  const file = (path: string, text?: string) => ({
    path,
    mode: '100755' as const,
    ...(text !== undefined && { contentBase64: Buffer.from(text).toString('base64') }),
    addedLines: 0,
    deletedLines: 0,
  })
  const apply = (dir: string, ...files: ReturnType<typeof file>[]) =>
    applyChangeset(dir, { baseSha: 'a'.repeat(40), files })

  it('takes the place of what is there, and what it deleted goes', async () => {
    const dir = folder()
    writeFileSync(join(dir, 'old'), 'old')
    expect(await apply(dir, file('old/new.js', 'new'), file('old'))).toBeUndefined()
    expect(readFileSync(join(dir, 'old/new.js'), 'utf8')).toBe('new')
  })

  it('takes away links, not what they lead to', async () => {
    const dir = folder()
    mkdirSync(join(dir, 'real'))
    writeFileSync(join(dir, 'real/a'), 'kept')
    for (const [name, target] of [
      ['latest', 'real/a'],
      ['other', 'real/a'],
      ['folder', 'real'],
      ['dangling', 'nowhere'],
    ] as const) {
      symlinkSync(target, join(dir, name))
    }
    const work = [
      file('latest'),
      file('other', 'new'),
      file('folder'),
      file('folder/b', 'new'),
      file('dangling', 'new'),
    ]
    expect(await apply(dir, ...work)).toBeUndefined()
    expect(readdirSync(dir, { recursive: true }).sort()).toEqual([
      'dangling',
      'folder',
      'folder/b',
      'other',
      'real',
      'real/a',
    ])
    expect(readFileSync(join(dir, 'real/a'), 'utf8')).toBe('kept')
    expect(readFileSync(join(dir, 'other'), 'utf8')).toBe('new')
    expect(lstatSync(join(dir, 'other')).isFile()).toBe(true)
  })

  it('puts a file in the place of a folder that went, and not of one in which something stays', async () => {
    const dir = folder()
    mkdirSync(join(dir, 'old/in'), { recursive: true })
    writeFileSync(join(dir, 'old/in/a'), 'old')
    expect(await apply(dir, file('old', 'new'), file('old/in/a'))).toBeUndefined()
    expect(readFileSync(join(dir, 'old'), 'utf8')).toBe('new')
    mkdirSync(join(dir, 'stays'))
    writeFileSync(join(dir, 'stays/a'), 'old')
    expect(await apply(dir, file('stays', 'new'))).toContain('could not be put into the workspace')
    expect(readFileSync(join(dir, 'stays/a'), 'utf8')).toBe('old')
  })

  it('goes over no link within the workspace', async () => {
    const dir = folder()
    mkdirSync(join(dir, 'real'))
    writeFileSync(join(dir, 'real/a'), 'kept')
    symlinkSync('real', join(dir, 'link'))
    expect(await apply(dir, file('link/a'))).toContain('leads over a link')
    expect(await apply(dir, file('link/a', 'new'))).toContain('leads over a link')
    expect(readFileSync(join(dir, 'real/a'), 'utf8')).toBe('kept')
  })

  it.each(['link/file', '../file', 'dangling/file'])('is never written out of the workspace: %s', async (path) => {
    const dir = folder()
    symlinkSync(folder(), join(dir, 'link'))
    symlinkSync(join(tmpdir(), 'nowhere'), join(dir, 'dangling'))
    expect(await apply(dir, file(path, 'x'))).toContain('could not be put into the workspace')
  })
})
