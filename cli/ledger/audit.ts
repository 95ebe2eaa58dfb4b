/** `purser audit`: does the ledger add up, and if not, which row is it? */
import { type Audit, auditLedger } from '../../app/ledger/audit.ts'
import { accountWords, type Finding, findingWords } from '../../core/audit/finding.ts'
import { grouped } from '../../core/money/money.ts'
import type { AuditOptions } from '../commands/audit.ts'
import { type ExitCode, endProblem, exitCodes, printJson } from '../exit.ts'
import { openLedger } from './ledger.ts'

export async function audit({ json }: AuditOptions): Promise<ExitCode> {
  const database = await openLedger()
  if (typeof database === 'string') return endProblem(database, json)
  try {
    const audited = await auditLedger(database.connectionString)
    const ok = audited.findings.length === 0
    if (json) printJson({ ok, ...audited })
    else process.stdout.write(text(audited))
    return ok ? exitCodes.done : exitCodes.refused
  } finally {
    await database.close()
  }
}

/** Each account once, with what was found in it below; then what was looked at. */
function text({ findings, notShown, ...looked }: Audit): string {
  const looking = `${counted(looked.accounts, 'account')}, ${counted(looked.entries, 'entry', 'entries')}, ${counted(looked.sessions, 'session')}`
  if (findings.length === 0) return `${looking}: all add up.\n`
  const lines = findings.flatMap((finding, index) => {
    const heading = headingOf(finding)
    const isNew = index === 0 || heading !== headingOf(findings[index - 1])
    return [...(isNew ? [`${heading}:`] : []), `  ${findingWords(finding)}`]
  })
  const number = counted(findings.length + notShown, 'row', 'rows')
  const shown = notShown > 0 ? `, of which ${grouped(findings.length)} are shown` : ''
  return [...lines, `${looking}: ${number} to look at${shown}.`, ''].join('\n')
}

function headingOf(finding: Finding | undefined): string {
  return finding?.account === undefined ? 'the ledger as a whole' : accountWords(finding.account)
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}
