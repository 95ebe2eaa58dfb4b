/** Where the program of a command-line agent lies on this machine. */
import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join, sep } from 'node:path'
import { type AgentRuntime, RUNTIME_PACKAGES } from '../../core/plan/agent-runtime.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { type Refusal, refuse } from '../../core/reason.ts'

export interface AgentProgram {
  /** Its real path. */
  readonly file: string
  /** What it is made of: with npm the whole folder of modules, since its parts lie side by side there. */
  readonly folder: string
}

export function findProgram(runtime: AgentRuntime, environment: NodeJS.ProcessEnv): AgentProgram | undefined {
  const { program } = RUNTIME_PACKAGES[runtime]
  for (const dir of (environment.PATH ?? '').split(delimiter)) {
    const path = join(dir, program)
    if (!dir.startsWith('/') || !existsSync(path) || !isExecutable(path)) continue
    const file = realpathSync(path)
    const modules = file.indexOf(`${sep}node_modules${sep}`)
    return { file, folder: modules < 0 ? dirname(file) : file.slice(0, modules + `${sep}node_modules`.length) }
  }
  return undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Before anything is spent: the programs that the plan's agents need. */
export function missingProgram(plan: Plan, environment: NodeJS.ProcessEnv): Refusal | undefined {
  for (const { name, runtime } of Object.values(plan.agents)) {
    if (runtime === undefined || findProgram(runtime, environment) !== undefined) continue
    const needed = RUNTIME_PACKAGES[runtime]
    return refuse(
      'program-missing',
      `The agent \`${name}\` is carried out by \`${needed.program}\`, which is not on this machine’s PATH.`,
      `Install it before the run: \`npm install --global ${needed.package}\`.`,
    )
  }
  return undefined
}
