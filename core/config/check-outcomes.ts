/** Outcome rules that can never match, and thresholds whose number nothing here records. */
import { builtInRules } from '../outcome/outcome.ts'
import { scopeOf } from '../outcome/value-measure.ts'
import type { LocatedWorkflow } from './catalog.ts'
import { problemAt } from './explain.ts'
import type { OutcomeRule, PortfoliosFile } from './portfolios.ts'
import type { Finding, Problem } from './problem.ts'
import type { Located, Settings } from './settings.ts'

type Conditions = OutcomeRule['when']

export function checkOutcomes({ portfolios, promotion }: Settings): readonly Problem[] {
  const { promote, sunset } = promotion.value
  const problems = [...ruleProblems(portfolios), ...measureProblems(portfolios)]
  if (promote.subjects > promote.runs) {
    const finding = {
      wrong: `${promote.subjects} subjects can’t be among ${promote.runs} runs, so the first checkpoint never holds`,
      expected: 'no more subjects than runs',
      example: `subjects: ${promote.runs}`,
    }
    problems.push(problemAt(promotion.sources, ['promote', 'subjects'], finding, 'warning'))
  }
  if (sunset['accepted-below'] > promote.accepted) {
    const finding = {
      wrong: 'one and the same share accepted would promote a variant and sunset it',
      expected: 'a share below promote.accepted',
      example: 'accepted-below: 40%',
    }
    problems.push(problemAt(promotion.sources, ['sunset', 'accepted-below'], finding))
  }
  return problems
}

/** A family under trial whose work no rule can ever call accepted has a threshold that nothing records. */
export function checkAcceptable(baseline: LocatedWorkflow, { portfolios, promotion }: Settings): readonly Problem[] {
  const { deliver } = baseline.workflow
  const rules = [...portfolios.value.outcomes, ...builtInRules[deliver]]
  const acceptable = rules.some(
    ({ outcome, when }, index) => outcome === 'accepted' && impossible(when, rules.slice(0, index)) === undefined,
  )
  if (acceptable) return []
  const finding = {
    wrong: `no outcome rule can call the work of ${baseline.family} accepted, so nothing records promote.accepted`,
    expected: 'a rule in `outcomes` that yields accepted',
    example: '{ outcome: accepted, when: { label: agent/accepted } }',
  }
  const [source] = portfolios.sources
  const path = source?.has(['outcomes']) ? ['outcomes'] : []
  return [problemAt(path.length > 0 ? portfolios.sources : promotion.sources, path, finding)]
}

function ruleProblems({ value, sources }: Located<PortfoliosFile>): Problem[] {
  return value.outcomes.flatMap(({ when }, index) => {
    const why = impossible(when, value.outcomes.slice(0, index))
    return why ? [problemAt(sources, ['outcomes', index, 'when'], why)] : []
  })
}

/** Conditions that no work meets together. */
const contradictions: readonly { readonly meets: (when: Conditions) => boolean; readonly finding: Finding }[] = [
  {
    meets: (when) => when.merged === true && when.closed === true,
    finding: {
      wrong: 'never holds: closed means closed without a merge',
      expected: 'one of merged and closed',
      example: '{ merged: true }',
    },
  },
  {
    meets: (when) => when.reverted === true && when.merged === false,
    finding: {
      wrong: 'never holds: only merged work can be reverted',
      expected: 'reverted alone',
      example: '{ reverted: true }',
    },
  },
  {
    meets: (when) => when.rewritten !== undefined && when.merged === false,
    finding: {
      wrong: 'never holds: what was rewritten is measured when the work is merged',
      expected: 'rewritten without merged: false',
      example: '{ rewritten: 50% }',
    },
  },
  {
    meets: (when) => when.heeded !== undefined && when.merged === false,
    finding: {
      wrong: 'never holds: whether a review was heeded is seen at the merge',
      expected: 'heeded without merged: false',
      example: '{ heeded: true }',
    },
  },
  {
    meets: (when) => when['closed-as'] !== undefined && (when.closed === false || when.merged === true),
    finding: {
      wrong: 'never holds: closed-as speaks of an issue that was closed',
      expected: 'closed-as alone',
      example: '{ closed-as: completed }',
    },
  },
]

function impossible(when: Conditions, before: readonly OutcomeRule[]): Finding | undefined {
  const contradiction = contradictions.find(({ meets }) => meets(when))
  if (contradiction) return contradiction.finding
  const shadow = before.findIndex((rule) => covers(rule.when, when))
  if (shadow < 0) return undefined
  return {
    wrong: `never decides: rule ${shadow + 1} above holds whenever this one does`,
    expected: 'the narrower rule first',
    example: 'the two rules swapped',
  }
}

/** Conditions of which more is narrower. */
const amounts: ReadonlySet<string> = new Set(['after-days', 'rewritten'] satisfies (keyof Conditions)[])

/** Whether `wide` holds in every case in which `narrow` does. */
function covers(wide: Conditions, narrow: Conditions): boolean {
  return Object.entries(wide).every(([key, required]) => {
    const given = narrow[key as keyof Conditions]
    if (amounts.has(key)) return typeof given === 'number' && typeof required === 'number' && given >= required
    return given === required
  })
}

function measureProblems({ value, sources }: Located<PortfoliosFile>): Problem[] {
  return Object.entries(value.values).flatMap(([name, { measure, label }]) => {
    if (scopeOf(measure) !== 'label' || label !== undefined) return []
    const finding = {
      wrong: 'the measure looks at issues of one label, and none is named',
      expected: 'the label that marks incidents',
      example: '{ measure: incident-open-hours, label: incident }',
    }
    return [problemAt(sources, ['values', name], finding)]
  })
}
