/**
 * The smallest program that does the reference task: sends the conversation with `fetch`, carries out what the model
 * calls, appends what it answered and what came of it. No cap, no sandbox, no checks, no log.
 *
 * `node bare-loop.mjs <url> <file of the first request's body>`, in the workspace.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const [url, bodyFile] = process.argv.slice(2)
const request = JSON.parse(readFileSync(bodyFile, 'utf8'))

const tools = {
  list: ({ path = '.' }) => readdirSync(path).sort().join('\n'),
  read: ({ path, from = 1, lines = 250 }) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(from - 1, from - 1 + lines)
      .join('\n'),
  search: ({ pattern, path = '.' }) => run(`grep -rnIE -e '${pattern}' -- ${path} | head -n 100`),
  edit: ({ path, old, new: text }) => {
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(old, () => text),
    )
    return 'ok'
  },
  run: ({ command }) => run(command),
}

for (;;) {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-bench-0123456789', 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  const answer = read(await response.text())
  request.messages.push(answer)
  if (answer.tool_calls === undefined) break
  for (const { id, function: called } of answer.tool_calls) {
    const content = await tools[called.name](JSON.parse(called.arguments))
    request.messages.push({ role: 'tool', tool_call_id: id, content })
  }
}

/** The message that the stream's chunks make up. */
function read(stream) {
  const message = { role: 'assistant', content: '' }
  for (const line of stream.split('\n')) {
    if (!line.startsWith('data: {')) continue
    const delta = JSON.parse(line.slice('data: '.length)).choices[0]?.delta ?? {}
    message.content += delta.content ?? ''
    for (const part of delta.tool_calls ?? []) {
      message.tool_calls ??= []
      message.tool_calls[part.index] ??= { id: '', type: 'function', function: { name: '', arguments: '' } }
      const call = message.tool_calls[part.index]
      call.id += part.id ?? ''
      call.function.name += part.function?.name ?? ''
      call.function.arguments += part.function?.arguments ?? ''
    }
  }
  return message
}

function run(command) {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    child.on('close', (code) => resolve(`${cut(output)}\n[exit ${code}]`))
  })
}

function cut(text) {
  return text.length <= 2_200 ? text : `${text.slice(0, 800)}\n[... ${text.length} in all ...]\n${text.slice(-1_400)}`
}
