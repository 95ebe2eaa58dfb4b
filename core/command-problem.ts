/** Whether a command that is well written names what the catalog has, within what its portfolio allows. */
import type { Command } from './command.ts'
import type { Configuration } from './config/configuration.ts'
import { minBigint } from './money.ts'
import { didYouMean } from './nearest.ts'
import { isRefusal } from './reason.ts'
import { findWorkflow, payingPortfolio } from './resolve.ts'
import { inputProblems } from './resolve-inputs.ts'
import { overrideProblems, readOverrides } from './resolve-overrides.ts'

/** The problem in words, or `undefined`. Missing inputs, budgets and permission are left for the run. */
export function commandProblem(command: Command, configuration: Configuration): string | undefined {
  const { workflow, variant, agent } = command
  if (agent !== null && !configuration.agents.has(agent)) {
    return `There is no agent \`${agent}\`.${didYouMean(agent, configuration.agents.keys())}`
  }
  if (workflow === null) return undefined
  const found = findWorkflow(configuration, { workflow, variant: variant ?? undefined })
  if (isRefusal(found)) return found.message
  const wrong = [...inputProblems(found.workflow, command.inputs), ...overrideProblems(command.overrides)]
  if (wrong.length > 0) return wrong.join(' ')
  const paying = payingPortfolio(configuration, workflow)
  if (!paying) return undefined
  const { cap, floor } = found.workflow
  const base = minBigint(cap.usd, paying.portfolio.cap?.usd ?? cap.usd)
  const overrides = readOverrides(command.overrides, paying.name, paying.portfolio, base, floor?.usd)
  return isRefusal(overrides) ? overrides.message : undefined
}
