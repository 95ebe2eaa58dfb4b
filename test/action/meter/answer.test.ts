import { expect, test } from 'vitest'
import { EventLines } from '../../../action/meter/answer.ts'

test('events are the same in whatever pieces they come', () => {
  const stream = Buffer.from(
    'event: a\r\ndata: {"a":"ä"}\r\n\r\ndata:{"b":1}\n\n: no\rdata: {"c":[]}\r\rdata: no\ndata: {"d":0}',
  )
  for (let bytes = 1; bytes <= stream.length; bytes += 1) {
    const got: unknown[] = []
    const lines = new EventLines((event) => got.push(event))
    for (let at = 0; at < stream.length; at += bytes) lines.add(stream.subarray(at, at + bytes))
    lines.end()
    expect(got).toEqual([{ a: 'ä' }, { b: 1 }, { c: [] }, { d: 0 }])
  }
})

test('a long line takes little longer in many pieces than in one', () => {
  const text = 'x'.repeat(8_000_000)
  const stream = Buffer.from(`data: ${JSON.stringify({ text })}\n\n`)
  const msIn = (bytes: number) => {
    const got: unknown[] = []
    const lines = new EventLines((event) => got.push(event))
    const beganMs = performance.now()
    for (let at = 0; at < stream.length; at += bytes) lines.add(stream.subarray(at, at + bytes))
    const ms = performance.now() - beganMs
    expect(got).toEqual([{ text }])
    return ms
  }
  // Each piece looked through with all before it takes a hundred times as long.
  expect(msIn(16_384) / msIn(stream.length)).toBeLessThan(25)
})
