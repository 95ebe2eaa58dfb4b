/**
 * What needs other processes is started before the rest of the program is loaded, so that both go on side by side: the
 * run's own repository with a git that reads objects, its workspace, and the probe of the sandbox. It imports nothing
 * heavy: starting a process copies this one's memory tables, which takes twice as long once the program is loaded.
 */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Refusal } from '../../core/reason.ts'
import { openSandbox, type Sandbox } from '../sandbox/sandbox.ts'
import { type Checkout, checkOut, openCheckout } from '../workspace/checkout.ts'

export interface Early {
  /** Private to this user; everything of the run lies below it. */
  readonly baseDir: string
  readonly checkout: Checkout
  readonly sandbox: Promise<Sandbox | Refusal>
}

export interface EarlyOptions {
  /** Where the run's directory is made. */
  readonly temporaryDir: string
  /** A directory of objects on this machine that may have the commits. */
  readonly objectsDir: string | undefined
  /** The commit that the run most likely works on, to be checked out before that is known. */
  readonly commit?: string | undefined
  /** `none` only where the machine's owner said so. */
  readonly sandbox: 'bubblewrap' | 'none'
}

/** Begins at once. Rejects where the run's directory can't be made. */
export async function startEarly(environment: NodeJS.ProcessEnv, options: EarlyOptions): Promise<Early> {
  mkdirSync(options.temporaryDir, { recursive: true })
  const baseDir = mkdtempSync(join(options.temporaryDir, 'purser-'))
  const checkout = openCheckout(baseDir, options.objectsDir)
  // A guess: where it is wrong or the commit is not here, `checkOut` sets it right.
  if (options.commit !== undefined) checkOut(checkout, options.commit).catch(() => {})
  const places = {
    workDir: checkout.workDir,
    homeDir: join(baseDir, 'home'),
    outputDir: join(baseDir, 'output'),
    hidden: [baseDir],
  }
  return { baseDir, checkout, sandbox: openSandbox(places, options.sandbox, environment) }
}
