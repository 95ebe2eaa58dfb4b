/** `purser thaw`: releases an account that an overage froze, for whoever runs the App. */
import { frozenAccounts, thawAccount } from '../../app/ledger/thaw.ts'
import { overageWords } from '../../core/money/hold.ts'
import type { ThawOptions } from '../commands/thaw.ts'
import { type ExitCode, endProblem, endWrongUsage, exitCodes, printJson } from '../exit.ts'
import { openLedger } from './ledger.ts'

type Frozen = Awaited<ReturnType<typeof frozenAccounts>>[number]

export async function thaw(name: string | undefined, options: ThawOptions): Promise<ExitCode> {
  const note = options.reason?.trim() ?? ''
  if (name !== undefined && note === '') {
    const usage = `no reason; expected why; for example: purser thaw ${name} --reason "The price is mended"`
    return endWrongUsage(usage, options.json)
  }
  const database = await openLedger()
  if (typeof database === 'string') return endProblem(database, options.json)
  try {
    const frozen = (await frozenAccounts(database.prisma, new Date())).filter(
      (account) => options.repository === undefined || repositoryOf(account) === options.repository,
    )
    if (name === undefined) return list(frozen, options)
    const named = frozen.filter((account) => account.name === name)
    const [account] = named
    if (account === undefined)
      return endProblem(`No account ${name} is frozen; \`purser thaw\` lists those that are.`, options.json)
    if (named.length > 1) {
      const repositories = named.map(repositoryOf).join(', ')
      return endProblem(
        `Several accounts ${name} are frozen: say which with --repository, one of ${repositories}.`,
        options.json,
      )
    }
    await thawAccount(database, account.id, note, new Date())
    if (options.json) printJson({ ok: true, thawed: shown(account) })
    else process.stdout.write(`Released: ${line(account)}\n`)
    return exitCodes.done
  } finally {
    await database.close()
  }
}

function list(frozen: readonly Frozen[], { json }: ThawOptions): ExitCode {
  if (json) printJson({ ok: true, frozen: frozen.map(shown) })
  else if (frozen.length === 0) process.stdout.write('No account is frozen.\n')
  else for (const account of frozen) process.stdout.write(`${line(account)}\n`)
  return exitCodes.done
}

function line(account: Frozen): string {
  const { kind, name, periodEnd } = account
  return `${repositoryOf(account)}: ${kind} ${name}: ${overageWords(account)}, until ${periodEnd.toISOString().slice(0, 10)}`
}

function shown(account: Frozen) {
  const { kind, name, unit, overage, periodEnd } = account
  return { repository: repositoryOf(account), kind, name, unit, overage, periodEnd: periodEnd.toISOString() }
}

function repositoryOf({ repository }: Frozen): string {
  return `${repository.owner}/${repository.name}`
}
