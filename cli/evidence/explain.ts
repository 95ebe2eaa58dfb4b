/** `purser explain`: what the ledger says of a session's outcomes, decided once more. */
import { type ExplainedOutcome, type ExplainedRun, explainSession } from '../../app/outcome/explain.ts'
import type { ExplainOptions } from '../commands/explain.ts'
import { type ExitCode, endProblem, exitCodes, printJson } from '../exit.ts'
import { openLedger } from '../ledger/ledger.ts'

export async function explain(sessionId: string, { json }: ExplainOptions): Promise<ExitCode> {
  const database = await openLedger()
  if (typeof database === 'string') return endProblem(database, json)
  try {
    const { prisma } = database
    const runs = await explainSession(prisma, sessionId)
    if (runs.length === 0) {
      const expected = 'expected the id that its comment and `/agent status` show'
      return endProblem(`The ledger has no session ${sessionId}; ${expected}.`, json)
    }
    const ok = runs.every(({ explained }) => explained?.agrees !== false)
    if (json) printJson({ ok, session: sessionId, runs: runs.map(documentOf) })
    else process.stdout.write(`${runs.map(textOf).join('\n\n')}\n`)
    return ok ? exitCodes.done : exitCodes.refused
  } finally {
    await database.close()
  }
}

function documentOf({ run, facts, explained }: ExplainedRun): object {
  const { id, family, variant, conclusion, reason, state } = run
  return {
    run: id,
    family,
    variant,
    state,
    conclusion,
    reason,
    facts: facts.map(({ kind, key, value, at }) => ({ kind, key, value, at: at.toISOString() })),
    outcome: run.outcomeRule === null ? null : { outcome: run.outcome, rule: run.outcomeRule },
    explained: explained ?? null,
  }
}

function textOf({ run, facts, explained }: ExplainedRun): string {
  const { id, family, variant, conclusion, reason } = run
  const name = variant === null ? family : `${family}/${variant}`
  const ended = `${conclusion ?? run.state}${reason === null ? '' : ` (${reason})`}`
  return [
    `${name}, run ${id}: ${ended}`,
    facts.length === 0 ? '  GitHub has shown nothing of its work.' : '  GitHub showed:',
    ...facts.map(
      ({ kind, key, value, at }) => `    ${at.toISOString()}  ${[kind, key, value].filter(Boolean).join(' ')}`,
    ),
    ...(explained ? explainedLines(explained) : [undecidedLine(run)]),
  ].join('\n')
}

function undecidedLine({ outcomeRule, outcome }: ExplainedRun['run']): string {
  if (outcomeRule === null) return '  Nothing is decided of it yet.'
  return `  It is ${outcome}: ${outcomeRule}. The rules of then were not kept, so it can’t be decided once more.`
}

function explainedLines({ steps, stored, recomputed, agrees, sha }: ExplainedOutcome): string[] {
  const isOwn = steps.some(({ list }) => list === 'own')
  const tried = steps.map(({ list, number, place, outcome, says, unmet }) => {
    const rule =
      list === 'own' ? `rule ${number}${place === undefined ? '' : ` (${place})`}` : `built-in rule ${number}`
    return `    ${rule}, ${outcome} when ${says}: ${unmet === undefined ? 'matches' : `no, ${unmet}`}`
  })
  return [
    ...(steps.length === 0
      ? ['  Its own end decides, before any rule.']
      : [`  Rules${isOwn ? `, read at commit ${sha}` : ''}:`]),
    ...tried,
    `  So it is ${recomputed.outcome}: ${recomputed.rule}.`,
    agrees ? '  The ledger says the same.' : `  THE LEDGER DOES NOT AGREE: it says ${stored.outcome}: ${stored.rule}.`,
  ]
}
