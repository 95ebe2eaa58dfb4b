/** Who wrote something, by the author that GitHub gives it: nobody else can have a login that ends in `[bot]`. */
import type { DeliveryPlace } from './github.ts'

/** Those that the place's own token wrote: a marker or the name of a branch proves nothing, and another App is a bot too. */
export async function ours<T extends { readonly user?: { readonly login: string } | null | undefined }>(
  { self }: Pick<DeliveryPlace, 'self'>,
  written: readonly T[],
): Promise<readonly T[]> {
  // Asked only where there is something to tell apart.
  if (written.length === 0) return []
  const login = await self()
  return written.filter(({ user }) => user?.login === login)
}

/** An App's account is called after it. */
export function appNamed({ login }: { readonly login: string }): string {
  return login.replace(/\[bot\]$/, '')
}

/** Any App, Purser or another: it may start and decide nothing. */
export function isMachine({ type }: { readonly type?: string | undefined }): boolean {
  return type === 'Bot'
}
