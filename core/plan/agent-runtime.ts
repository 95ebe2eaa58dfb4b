/** What carries out an agent: our own loop, or a command-line agent whose model calls go through the meter. */
import { z } from 'zod/mini'

export const runtimeSchema = z.enum(['codex', 'claude-code'])
export type AgentRuntime = z.infer<typeof runtimeSchema>

/** Whose interface it speaks, and so whose key it needs. */
export type ProviderKind = 'openai' | 'anthropic'

export function providerOf(runtime: AgentRuntime | undefined): ProviderKind {
  return runtime === 'claude-code' ? 'anthropic' : 'openai'
}

/** The version that Purser is tried with, and what brings it. */
export const RUNTIME_PACKAGES: Record<AgentRuntime, { readonly program: string; readonly package: string }> = {
  codex: { program: 'codex', package: '@openai/codex@0.169.0' },
  'claude-code': { program: 'claude', package: '@anthropic-ai/claude-code@2.1.332' },
}
