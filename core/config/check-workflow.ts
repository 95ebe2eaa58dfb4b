/** What must hold within one workflow, or one variant laid over it, beyond its schema. */
import { overrideNames, verbs } from '../command/command.ts'
import { usdDecimal } from '../money/money.ts'
import { nearest } from '../nearest.ts'
import { withDelegates } from '../plan/resolve-models.ts'
import { expressionsIn } from '../plan/template.ts'
import type { Catalog, LocatedWorkflow } from './catalog.ts'
import { nestedFindings } from './check-nested.ts'
import { triggerFindings } from './check-triggers.ts'
import { commandFindings, type Families, promptValues, unknownExpression, whenFindings } from './check-values.ts'
import type { Path } from './document.ts'
import { problemAt } from './explain.ts'
import { globFindings } from './globs.ts'
import { hostFindings } from './hosts.ts'
import { weakenedGuards } from './overlay.ts'
import type { Finding, Problem } from './problem.ts'
import { subjectsOf } from './trigger.ts'
import type { Step, Workflow } from './workflow.ts'

/** Deliveries that go onto, or stand beside, an open pull request. */
const NEEDS_PULL_REQUEST = new Set(['commit', 'review'])

interface At {
  readonly path: Path
  readonly finding: Finding
  readonly severity?: Problem['severity']
  /** Another file than the workflow's: a prompt's. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number }
}

/** What else is in the catalog, readable or not. */
interface Others {
  readonly families: Families
  readonly agents: ReadonlySet<string>
  readonly unreadable: ReadonlySet<string>
  /** What the agent of that name, and those that it delegates to, may reach: each host with the agent. */
  hostsOf(agent: string): readonly (readonly [agent: string, host: string])[]
}

export function checkWorkflow(located: LocatedWorkflow, catalog: Catalog): readonly Problem[] {
  const others: Others = {
    families: catalog.families,
    agents: new Set([...catalog.agents.keys(), ...catalog.unreadable.agents]),
    unreadable: catalog.unreadable.workflows,
    hostsOf: (agent) => hostsIn(catalog, agent),
  }
  const own = findingsOf(located, others)
  // What is wrong with the baseline is said once, there.
  const inherited = new Set(
    located.baseline ? findingsOf(located.baseline, others).map(({ finding }) => finding.wrong) : [],
  )
  return own
    .filter(({ finding }) => !inherited.has(finding.wrong))
    .map(({ path, finding, severity, place }) => {
      const problem = problemAt([located.source], path, finding, severity)
      return place ? { ...problem, ...place, path: '' } : problem
    })
}

function findingsOf(located: LocatedWorkflow, others: Others): At[] {
  const { workflow } = located
  return [
    ...nameFindings(located),
    ...inputFindings(workflow),
    ...whenFindings(workflow.when, ['when'], workflow, [], others.families),
    ...stepFindings(located, others),
    ...nestedFindings(located, others.families, others.unreadable),
    ...deliveryFindings(workflow),
    ...triggerFindings(workflow),
    ...guardFindings(located),
    ...moneyFindings(located),
  ]
}

function nameFindings({ family }: LocatedWorkflow): At[] {
  if (family !== 'run' && !verbs.some((verb) => verb === family)) return []
  return [
    {
      path: ['name'],
      finding: {
        wrong: `\`/agent ${family}\` means something else`,
        expected: 'a name that is no verb',
        example: `${family}-it`,
      },
    },
  ]
}

function inputFindings({ inputs }: Workflow): At[] {
  return Object.entries(inputs).flatMap(([name, input]): At[] => {
    const path = ['inputs', name]
    if (overrideNames.some((override) => override === name)) {
      const expected = `a name other than ${overrideNames.join(', ')}, which change a run`
      return [
        {
          path,
          finding: { wrong: `\`${name}=\` is an override`, expected, example: `${name}-for-tests: { type: string }` },
        },
      ]
    }
    if (input.type === 'choice' && input.default !== undefined && !input.options.includes(input.default)) {
      const expected = `one of ${input.options.join(', ')}`
      const example = nearest(input.default, input.options) ?? input.options[0] ?? ''
      return [
        {
          path: [...path, 'default'],
          finding: { wrong: `"${input.default}" is none of the options`, expected, example },
        },
      ]
    }
    if (input.type === 'string' && input.default !== undefined && input.default.length > input['max-length']) {
      const expected = `at most ${input['max-length']} characters`
      return [
        { path: [...path, 'default'], finding: { wrong: 'is longer than max-length', expected, example: 'npm test' } },
      ]
    }
    return []
  })
}

function stepFindings(located: LocatedWorkflow, others: Others): At[] {
  const { steps, setup, guards } = located.workflow
  const ids = steps.map((step) => step.id)
  const found: At[] = steps.flatMap((step, index): At[] => {
    const path = ['steps', index]
    const duplicate: At[] = ids.indexOf(step.id) < index ? [{ path: [...path, 'id'], finding: twice(step.id) }] : []
    return [...duplicate, ...oneStepFindings(step, path, located, steps.slice(0, index), others)]
  })
  const commands: [Path, string][] = [
    ...(setup ? [[['setup', 'run'], setup.run] satisfies [Path, string]] : []),
    ...(guards.run ?? []).map((run, index): [Path, string] => [['guards', 'run', index], run]),
  ]
  const hosts = hostFindings(setup?.network ?? [], ['setup', 'network'])
  return [...found, ...commands.flatMap(([path, run]) => commandFindings(run, path, located.workflow)), ...hosts]
}

function oneStepFindings(
  step: Step,
  path: Path,
  located: LocatedWorkflow,
  before: readonly Step[],
  { agents, families, hostsOf }: Others,
): At[] {
  const { workflow } = located
  const when = whenFindings(step.when, [...path, 'when'], workflow, before, families)
  if ('workflow' in step) return when
  if (!('agent' in step)) return [...when, ...commandFindings(step.run, [...path, 'run'], workflow)]
  const unknown: At[] = agents.has(step.agent)
    ? []
    : [{ path: [...path, 'agent'], finding: unknownAgent(step.agent, agents) }]
  const network = workflow.setup?.network ?? []
  const beyond = hostsOf(step.agent)
    .filter(([, host]) => !network.includes(host))
    .map(([agent, host]): At => ({ path: [...path, 'agent'], finding: unreachable(agent, host) }))
  const until = step.until ? commandFindings(step.until.run, [...path, 'until', 'run'], workflow) : []
  const known = promptValues(workflow, before, families)
  return [...when, ...unknown, ...beyond, ...until, ...promptFindings(step.prompt, [...path, 'prompt'], located, known)]
}

function promptFindings(
  name: string,
  path: Path,
  { prompts, source, baseline }: LocatedWorkflow,
  known: readonly string[],
): At[] {
  const prompt = prompts.get(name)
  if (!prompt) {
    const expected = 'a Markdown file beside workflow.yml'
    return [
      { path, finding: { wrong: `there is no file ${name}`, expected, example: `${folderOf(source.file)}/${name}` } },
    ]
  }
  return expressionsIn(prompt.text)
    .filter((expression) => !known.includes(expression))
    .map((expression) => ({
      path,
      // A prompt of the baseline is right where it stands; it is the variant that took away what it names.
      ...(baseline?.prompts.has(name) ? {} : { place: { file: prompt.file, ...placeOf(prompt.text, expression) } }),
      finding: unknownExpression(expression, known, `in ${name}`),
    }))
}

function deliveryFindings(workflow: Workflow): At[] {
  return [...subjectFindings(workflow), ...labelFindings(workflow), ...approvalFindings(workflow)]
}

function labelFindings({ deliver, labels }: Workflow): At[] {
  if (labels.length === 0 || deliver === 'issue') return []
  const finding = {
    wrong: `a ${deliver} gets no labels`,
    expected: 'labels with deliver: issue alone',
    example: 'deliver: issue',
  }
  return [{ path: ['labels'], finding }]
}

/** Somebody is asked in the session's comment and answers there with a command. */
function approvalFindings({ approve, deliver, on }: Workflow): At[] {
  if (!approve) return []
  const path = ['approve']
  if (deliver === 'none') {
    const expected = 'approve: true with a delivery'
    return [{ path, finding: { wrong: 'nothing is delivered that could wait', expected, example: 'deliver: commit' } }]
  }
  if (!subjectsOf(on).includes('push')) return []
  const finding = {
    wrong: 'a push has no comments, so nobody can be asked there',
    expected: 'on: [pull-request] or [issue], or no approve',
    example: 'deliver: pull-request',
  }
  return [{ path, finding }]
}

function subjectFindings({ deliver, on }: Workflow): At[] {
  const strange = subjectsOf(on).filter((subject) => subject !== 'pull-request')
  if (!NEEDS_PULL_REQUEST.has(deliver) || strange.length === 0) return []
  const finding = {
    wrong: `a ${deliver} can’t be delivered on ${strange.join(' or ')}`,
    expected: 'on: [pull-request], or another delivery',
    example: 'deliver: pull-request',
  }
  return [{ path: ['on'], finding }]
}

function guardFindings({ workflow, baseline }: LocatedWorkflow): At[] {
  const globs = (['allow', 'deny'] as const).flatMap((key) =>
    globFindings(workflow.guards.paths?.[key] ?? [], ['guards', 'paths', key]),
  )
  const weakened = baseline ? weakenedGuards(baseline.workflow, workflow) : []
  return [
    ...globs,
    ...weakened.map(
      ({ path, words }): At => ({
        path,
        severity: 'warning',
        finding: {
          wrong: `the variant guards less than its baseline: it ${words}`,
          expected: 'guards at least as strict, so that the two compare',
          example: 'the key left out, which keeps the baseline’s',
        },
      }),
    ),
  ]
}

function moneyFindings({ workflow: { cap, floor }, baseline }: LocatedWorkflow): At[] {
  if (!floor || floor.usd <= cap.usd) return []
  const wrong = 'the floor is above the cap'
  const least = usdDecimal(floor.usd)
  // A variant has no floor of its own.
  if (baseline) {
    const expected = `at least ${least}, the workflow’s floor`
    return [{ path: ['cap', 'usd'], finding: { wrong, expected, example: `cap: { usd: ${least} }` } }]
  }
  return [
    {
      path: ['floor', 'usd'],
      finding: { wrong, expected: 'a floor below cap.usd', example: 'floor: { usd: 0.25 }' },
    },
  ]
}

function twice(id: string): Finding {
  return { wrong: `a step before has the id ${id}`, expected: 'an id of its own', example: `id: ${id}-again` }
}

function unknownAgent(name: string, agents: ReadonlySet<string>): Finding {
  return {
    wrong: `there is no agent ${name}`,
    expected: `one of ${[...agents].join(', ')}, or catalog/agents/${name}.agent.md`,
    example: `agent: ${nearest(name, agents) ?? [...agents][0] ?? name}`,
  }
}

function hostsIn({ agents }: Catalog, agent: string): [string, string][] {
  const named = new Map([...agents].map(([name, located]) => [name, located.agent]))
  return [...withDelegates([agent], { agents: named })].flatMap((name) =>
    (named.get(name)?.sandbox?.hosts ?? []).map((host): [string, string] => [name, host]),
  )
}

function unreachable(agent: string, host: string): Finding {
  return {
    wrong: `${agent} reaches ${host}, which setup.network does not name`,
    expected: 'a host that this workflow lets its runs reach, or another agent',
    example: `setup: { run: npm ci, network: [${host}] }`,
  }
}

function placeOf(text: string, expression: string): { line: number; column: number } {
  const opening = [...text.matchAll(/\$\{\{\s*/g)].find((match) =>
    text.startsWith(expression, match.index + match[0].length),
  )
  const index = opening?.index ?? 0
  const before = text.slice(0, index).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

/** The folder of the workflow, also for one of its variants. */
function folderOf(file: string): string {
  return file.replace(/\/(variants\/)?[^/]+$/, '')
}
