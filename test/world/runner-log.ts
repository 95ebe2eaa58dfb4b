import { StringDecoder } from 'node:string_decoder'

const logCharsMax = 1024 * 1024

type Level = 'error' | 'warning' | 'notice'

/** Reads a process's output line by line as the runner does: it obeys workflow commands and masks the rest. */
export function createLog(masks: Set<string>) {
  const decoders = { out: new StringDecoder('utf8'), err: new StringDecoder('utf8') }
  const partial = { out: '', err: '' }
  const annotations: { level: Level; message: string }[] = []
  let log = ''
  let stopped: string | null = null

  function keep(text: string): void {
    if (log.length < logCharsMax) log += `${masked(text)}\n`
  }

  function masked(text: string): string {
    return [...masks].filter((mask) => mask !== '').reduce((left, mask) => left.replaceAll(mask, '***'), text)
  }

  function line(text: string): void {
    const found = /^\s*::([a-z-]+)(?:\s.*?)?::(.*)$/i.exec(text)
    if (stopped !== null && text.trim() === `::${stopped}::`) stopped = null
    else if (stopped === null && found) obey((found[1] ?? '').toLowerCase(), decoded(found[2] ?? ''), text)
    else keep(text)
  }

  function obey(command: string, value: string, text: string): void {
    switch (command) {
      case 'stop-commands':
        stopped = value
        break
      case 'add-mask':
        for (const part of [value, ...value.split('\n')]) masks.add(part.trim())
        break
      case 'error':
      case 'warning':
      case 'notice':
        annotations.push({ level: command, message: masked(value) })
        keep(`${command}: ${value}`)
        break
      case 'group':
      case 'debug':
        keep(`${command}: ${value}`)
        break
      case 'endgroup':
      case 'echo':
        break
      default:
        keep(text)
    }
  }

  return {
    write(stream: 'out' | 'err', chunk: Buffer): void {
      const lines = (partial[stream] + decoders[stream].write(chunk)).split('\n')
      partial[stream] = lines.pop() ?? ''
      for (const one of lines) line(one.replace(/\r$/, ''))
    },
    end() {
      for (const stream of ['out', 'err'] as const) if (partial[stream] !== '') line(partial[stream])
      return { log: masked(log), annotations }
    },
  }
}

const decoded = (value: string): string => value.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
