/** The outcome rules that runs were decided by, kept once for each wording, so that a decision can be recomputed without GitHub. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonical } from '../../core/canonical.ts'
import type { OutcomeRule } from '../../core/config/portfolios.ts'
import type { Prisma, PrismaClient } from '../../prisma/client/client.ts'
import { toJson } from '../database/json.ts'

export interface RuleSet {
  readonly rules: readonly OutcomeRule[]
  /** `file:line` of each. */
  readonly places: readonly string[]
  /** `checks.apps`: those whose checks count. */
  readonly apps: readonly string[]
}

/** Rules as they were read, where shares are basis points: not as they are written. */
const storedRuleSet = z.object({
  rules: z.array(
    z.object({
      outcome: z.enum(['accepted', 'reworked', 'rejected', 'unknown']),
      when: z.strictObject({
        label: z.string().optional(),
        merged: z.boolean().optional(),
        closed: z.boolean().optional(),
        'closed-as': z.enum(['completed', 'not-planned']).optional(),
        reverted: z.boolean().optional(),
        rewritten: z.int().optional(),
        heeded: z.boolean().optional(),
        checks: z.enum(['success', 'failure']).optional(),
        review: z.enum(['approved', 'changes-requested']).optional(),
        'after-days': z.int().optional(),
      }),
    }),
  ),
  places: z.array(z.string()),
  apps: z.array(z.string()),
})

export function ruleSetIdOf(ruleSet: RuleSet): string {
  return createHash('sha256').update(canonical(ruleSet)).digest('hex')
}

export async function keepRuleSet(prisma: Prisma.TransactionClient, id: string, ruleSet: RuleSet): Promise<void> {
  await prisma.ruleSet.createMany({ data: { id, rules: toJson(ruleSet) }, skipDuplicates: true })
}

export async function readRuleSet(prisma: PrismaClient, id: string): Promise<RuleSet | undefined> {
  const row = await prisma.ruleSet.findUnique({ where: { id } })
  return row === null ? undefined : storedRuleSet.parse(row.rules)
}
