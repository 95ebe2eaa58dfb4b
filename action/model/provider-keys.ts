/** The keys of the model providers, and which of them a plan needs. */
import { type ProviderKind, providerOf } from '../../core/plan/agent-runtime.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { type Refusal, refuse } from '../../core/reason.ts'

export interface ProviderKey {
  readonly apiKey: string | undefined
  /** The provider's own address when left out. */
  readonly baseUrl: string | undefined
}

export type ProviderKeys = Readonly<Record<ProviderKind, ProviderKey>>

/** In place of a key that no call of the run needs: the client of `openai` can't be made without one. */
export const NOT_GIVEN = 'not-given'

const none = { apiKey: undefined, baseUrl: undefined }
export const NO_KEYS: ProviderKeys = { openai: none, anthropic: none }

/** A plan of commands alone needs none. */
export function missingKey(plan: Plan, keys: ProviderKeys): Refusal | undefined {
  const needed = new Set(Object.values(plan.agents).map(({ runtime }) => providerOf(runtime)))
  for (const kind of needed) {
    if (keys[kind].apiKey !== undefined && keys[kind].apiKey !== '') continue
    if (kind === 'openai') return refuse('no-key')
    return refuse(
      'no-key',
      'No key of Anthropic was given, which an agent with `runtime: claude-code` needs.',
      'Give `anthropic-api-key` a secret of an environment that only the default branch may use; at a terminal set ANTHROPIC_API_KEY.',
    )
  }
  return undefined
}
