/** Requests as the command-line agents send them, one of each interface, that every table starts from. */
export const responses = {
  model: 'm',
  instructions: 'You are a coding agent.',
  input: [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Sandbox: none' }] },
    { type: 'message', id: 'msg_1', role: 'user', content: [{ type: 'input_text', text: 'Mend it' }] },
    { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: 'seal' },
    { type: 'function_call', call_id: 'c1', name: 'exec_command', arguments: '{"cmd":"ls"}' },
    { type: 'function_call_output', call_id: 'c1', output: 'sum.js' },
    { type: 'custom_tool_call', call_id: 'c2', name: 'apply_patch', input: '*** Begin Patch' },
    { type: 'custom_tool_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'ok' }] },
  ],
  tools: [
    { type: 'function', name: 'exec_command', strict: false, parameters: { type: 'object' } },
    { type: 'namespace', name: 'agents', description: 'd', tools: [{ type: 'function', name: 'f', parameters: {} }] },
  ],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  reasoning: { summary: 'auto' },
  store: false,
  stream: true,
  include: ['reasoning.encrypted_content'],
  prompt_cache_key: 'k',
  client_metadata: { turn_id: 't' },
}

export const messages = {
  model: 'm',
  max_tokens: 32_000,
  system: [{ type: 'text', text: 'You are a coding agent.', cache_control: { type: 'ephemeral' } }],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Mend it', cache_control: { type: 'ephemeral' } }] },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: '', signature: 'seal' },
        { type: 'redacted_thinking', data: 'seal' },
        { type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'ls' } },
      ],
    },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'sum.js' }] }],
    },
  ],
  tools: [{ name: 'Bash', description: 'd', input_schema: { type: 'object' } }],
  thinking: { type: 'enabled', budget_tokens: 31_999, display: 'omitted' },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  metadata: { user_id: 'u' },
  stream: true,
}
