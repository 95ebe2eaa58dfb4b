/**
 * How providers write a conversation down before they count its tokens: the text between special tokens, piece by
 * piece. Special tokens count as one each.
 */
import { formatFunctionDefinitions } from 'gpt-tokenizer/functionCalling'
import type { ChatMessage } from '../../core/money/input-bound.ts'

export interface Tool {
  readonly type: 'function'
  readonly function: {
    readonly name: string
    readonly description: string
    readonly parameters: Record<string, unknown>
  }
}

export interface Rendered {
  readonly texts: readonly string[]
  readonly specialTokens: number
}

export interface Rendering {
  readonly name: string
  /** What stands before the first message and after the last. */
  frame(tools: readonly Tool[]): Rendered
  message(message: ChatMessage): Rendered
}

const toolCallsOf = (message: ChatMessage) => (message.role === 'assistant' ? (message.tool_calls ?? []) : [])
const contentOf = (message: ChatMessage) => message.content ?? ''

/** OpenAI: tools as TypeScript, every message with its channel, calls addressed to a function. */
const harmony: Rendering = {
  name: 'harmony',
  frame: (tools) => ({
    texts: [
      'system',
      'You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\n\nReasoning: medium\n\n# Valid channels: analysis, commentary, final. Channel must be included for every message.\nCalls to these tools must go to the commentary channel: functions.',
      formatFunctionDefinitions(
        tools.map(({ function: made }) => ({ ...made, parameters: { ...made.parameters, type: 'object' } })),
      ),
      'assistant',
    ],
    specialTokens: 5,
  }),
  message: (message) => {
    const said = [message.role === 'tool' ? `functions.name_of_a_tool to=assistant` : message.role, contentOf(message)]
    const calls = toolCallsOf(message)
    const texts = calls.flatMap((call) => [
      'assistant',
      `commentary to=functions.${call.function.name} `,
      'json',
      call.function.arguments,
    ])
    return { texts: [...said, ...texts], specialTokens: 4 + 5 * calls.length }
  },
}

/** Qwen and others of ChatML: tools and calls as JSON in tags. */
const chatml: Rendering = {
  name: 'chatml',
  frame: (tools) => ({
    texts: [
      `\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n${tools.map((tool) => JSON.stringify(tool)).join('\n')}\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>`,
      'assistant\n',
    ],
    specialTokens: 3,
  }),
  message: (message) => ({
    texts: [
      `${message.role}\n`,
      message.role === 'tool' ? `<tool_response>\n${message.content}\n</tool_response>` : contentOf(message),
      ...toolCallsOf(message).map(
        (call) =>
          `\n<tool_call>\n{"name": ${JSON.stringify(call.function.name)}, "arguments": ${call.function.arguments}}\n</tool_call>`,
      ),
      '\n',
    ],
    specialTokens: 2,
  }),
}

/** Llama: tools as indented JSON, the arguments of a call written anew. */
const indented: Rendering = {
  name: 'indented',
  frame: (tools) => ({
    texts: [
      'Environment: ipython\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\nGiven the following functions, please respond with a JSON for a function call with its proper arguments that best answers the given prompt.\n\nRespond in the format {"name": function name, "parameters": dictionary of argument name and its value}. Do not use variables.\n\n',
      ...tools.map((tool) => `${JSON.stringify(tool, null, 4)}\n\n`),
      'assistant',
      '\n\n',
    ],
    specialTokens: 4,
  }),
  message: (message) => ({
    texts: [
      message.role,
      '\n\n',
      message.role === 'tool' ? JSON.stringify(message.content) : contentOf(message),
      ...toolCallsOf(message).map(
        (call) =>
          `{"name": "${call.function.name}", "parameters": ${JSON.stringify(parsed(call.function.arguments) ?? call.function.arguments)}}`,
      ),
    ],
    specialTokens: 4,
  }),
}

/** Anthropic: tools as JSON in a prompt of some hundred tokens, calls as XML with a parameter for each argument. */
const xml: Rendering = {
  name: 'xml',
  frame: (tools) => ({
    texts: [tools.map((tool) => `<function>${JSON.stringify(tool.function)}</function>\n`).join(''), '\n\nAssistant:'],
    specialTokens: tools.length === 0 ? 4 : 804,
  }),
  message: (message) => ({
    texts: [
      '\n\nHuman: ',
      message.role === 'tool'
        ? `<function_results>\n<result>\n${message.content}\n</result>\n</function_results>`
        : contentOf(message),
      ...toolCallsOf(message).map((call) => {
        const written = parsed(call.function.arguments)
        const parameters =
          typeof written === 'object' && written !== null
            ? Object.entries(written).map(
                ([name, value]) =>
                  `<parameter name="${name}">${typeof value === 'string' ? value : JSON.stringify(value)}</parameter>\n`,
              )
            : [call.function.arguments]
        return `<invoke name="${call.function.name}">\n${parameters.join('')}</invoke>\n`
      }),
    ],
    specialTokens: 2,
  }),
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

export const renderings: readonly Rendering[] = [harmony, chatml, indented, xml]
