/** What a page of `docs/catalog` says of a built-in workflow, all of it from its declaration. */

import { PROTECTED_PATHS } from '../core/changes/guard.ts'
import type { CatalogAgent, CatalogVariant, CatalogWorkflow, Family } from '../core/config/configuration.ts'
import { subjectsOf } from '../core/config/trigger.ts'
import type { InputDeclaration, Step } from '../core/config/workflow.ts'
import { formatUsd } from '../core/money/money.ts'
import { showCommand } from '../core/plan/template.ts'
import type { DeliveryKind } from '../core/run/run.ts'
import { code } from '../core/text/markdown.ts'
import { whenWords } from '../core/text/when-words.ts'

export type Agents = ReadonlyMap<string, Pick<CatalogAgent, 'tools'>>

const subjects = { 'pull-request': 'a pull request', issue: 'an issue', push: 'a push' }

const deliveries: Readonly<Record<DeliveryKind, string>> = {
  commit: 'a commit onto the pull request’s branch',
  'pull-request': 'a pull request of its own',
  review: 'a review, which neither approves nor blocks',
  comment: 'a comment; for a push, on its commit',
  issue: 'an issue',
  none: 'nothing but its report',
}

/** Of a workflow without a declared floor; `core/plan/resolve.ts` says so too. */
const FLOOR_PART = 10n
/** A share of 100%, in basis points. */
const WHOLE = 10_000

export function familySection(family: Family, agents: Agents): string {
  const { baseline } = family
  return [
    `> ${baseline.summary}.`,
    glance(baseline),
    ...inputsPart(baseline),
    `## What it does\n\n${steps(baseline, family.name, agents).join('\n')}`,
    `## What guards it\n\n${guards(baseline).join('\n')}`,
    ...variantsPart(family, agents),
  ].join('\n\n')
}

/** A row for each family, in the order given. */
export function indexSection(families: readonly Family[]): string {
  const rows = families.map(({ name, baseline }) => [
    `[\`${name}\`](${name}.md)`,
    baseline.summary,
    subjectsOf(baseline.on)
      .map((subject) => subjects[subject])
      .join(', '),
    deliveries[baseline.deliver],
    formatUsd(baseline.cap.usd),
    baseline.value,
  ])
  return table(['workflow', 'what it does', 'works on', 'hands over', 'never more than', 'value'], rows)
}

function glance({ name, on, access, deliver, cap, floor, value, ...workflow }: CatalogWorkflow): string {
  const least = floor?.usd ?? cap.usd / FLOOR_PART
  return table(
    ['', ''],
    [
      [
        'works on',
        `${subjectsOf(on)
          .map((subject) => subjects[subject])
          .join(', ')}, or a local checkout`,
      ],
      ['started by', `\`/agent ${name}\` of somebody with ${access} access; \`purser run ${name}\``],
      ['hands over', deliveries[deliver]],
      ['costs', `never more than ${formatUsd(cap.usd)}; not started with less than ${formatUsd(least)}`],
      ['takes', `${workflow['timeout-minutes']} minutes at most`],
      ['value', value],
    ],
  )
}

function inputsPart({ inputs }: CatalogWorkflow): string[] {
  const rows = Object.entries(inputs).map(([name, input]) => [
    `\`${name}\``,
    input.description ?? '',
    takes(input),
    input.default === undefined ? 'has to be given' : `\`${input.default}\``,
  ])
  return rows.length === 0 ? [] : [`## Inputs\n\n${table(['input', '', 'takes', 'when left out'], rows)}`]
}

function takes(input: InputDeclaration): string {
  if (input.type === 'choice') return input.options.map((option) => `\`${option}\``).join(', ')
  return input.type === 'string' ? `text, ${input['max-length']} characters at most` : `a ${input.type}`
}

function steps({ setup, when, steps: declared, inputs }: CatalogWorkflow, family: string, agents: Agents): string[] {
  const hosts = (setup?.network ?? []).map((host) => (host === 'registry' ? 'the package registries' : `\`${host}\``))
  const network = hosts.length > 0 ? `reaching ${hosts.join(', ')} alone` : 'without network'
  const prepared =
    setup === undefined
      ? []
      : [`Sets up with ${inline(setup.run, inputs)}, ${network}, before any model call and without any key.`]
  const asked =
    when === undefined
      ? []
      : [
          when.run !== undefined && isScript(when.run)
            ? `Goes on only when a script exits with 0; else it ends there and costs nothing.${script(when.run, inputs)}`
            : `Goes on only when ${code(whenWords(when, defaults(inputs)))}; else it ends there and costs nothing.`,
        ]
  const lines = [...prepared, ...asked, ...declared.map((step) => stepLine(step, inputs, family, agents))]
  return lines.map((line, index) => `${index + 1}. ${line}`)
}

function stepLine(step: Step, inputs: CatalogWorkflow['inputs'], family: string, agents: Agents): string {
  const when = step.when === undefined ? '' : `, only when ${whenWords(step.when, defaults(inputs))}`
  if ('workflow' in step) {
    const page = `${step.workflow.split('/')[0]}.md`
    return `\`${step.id}\` is the workflow [${step.workflow}](${page}), in the same run and under this one’s cap${when}.`
  }
  if (!('agent' in step)) {
    const after = step['on-failure'] === 'continue' ? 'and only notes how it ends' : 'which has to succeed'
    return `\`${step.id}\` runs ${inline(step.run, inputs)}, ${after}${when}.${script(step.run, inputs)}`
  }
  const tools = (agents.get(step.agent)?.tools ?? []).join(', ')
  const agent = `[${step.agent}](../../catalog/agents/${step.agent}.agent.md) (${tools})`
  const prompt = `[${step.prompt}](../../catalog/${family}/${step.prompt})`
  const share = step.share === undefined || step.share === WHOLE ? '' : ` and ${step.share / 100}% of the cap`
  const told = `\`${step.id}\`: the agent ${agent} is given ${prompt}, for at most ${step.turns} turns${share}${when}.`
  if (step.until === undefined) return told
  const { run, attempts } = step.until
  return `${told} Then ${inline(run, inputs)} has to pass; what it prints goes back to the agent, for ${attempts} attempts in all.${script(run, inputs)}`
}

/** A command of one line; of a longer one `script` says the rest. */
function inline(run: string, inputs: CatalogWorkflow['inputs']): string {
  return isScript(run) ? 'a script' : `\`${shown(run, inputs)}\``
}

function script(run: string, inputs: CatalogWorkflow['inputs']): string {
  if (!isScript(run)) return ''
  const block = `\`\`\`sh\n${shown(run, inputs).trim()}\n\`\`\``
  return `\n\n${block.replace(/^(?=.)/gm, '   ')}\n`
}

function isScript(run: string): boolean {
  return run.trim().includes('\n')
}

/** As it is with the inputs left out. */
function shown(run: string, inputs: CatalogWorkflow['inputs']): string {
  return showCommand(run, defaults(inputs))
}

function defaults(inputs: CatalogWorkflow['inputs']): Record<string, string> {
  const values = Object.entries(inputs).map(([name, input]) => [name, String(input.default ?? `<${name}>`)])
  return Object.fromEntries(values)
}

function guards({ guards: { paths, diff, run, tests }, deliver }: CatalogWorkflow): string[] {
  if (deliver === 'comment' || deliver === 'review' || deliver === 'issue')
    return ['- It hands over words alone; nothing in the repository is changed by it.']
  return [
    ...(paths?.allow ? ['- It may touch only', ...nested(paths.allow)] : []),
    ...(paths?.deny ? ['- It may not touch', ...nested(paths.deny)] : []),
    ...(diff?.files === undefined ? [] : [`- At most ${diff.files} ${diff.files === 1 ? 'file' : 'files'}.`]),
    ...(diff?.lines === undefined ? [] : [`- At most ${diff.lines} lines, added and taken out.`]),
    ...(run ?? []).map((one) => `- \`${one}\` has to pass on the finished work.`),
    tests === 'withhold'
      ? '- It may not delete, skip or weaken tests.'
      : '- Tests that it deletes, skips or weakens are named to the reader.',
    `- As everywhere: none of ${list([...PROTECTED_PATHS])}, no secret, no link, no invisible reordering of text.`,
  ]
}

function variantsPart(family: Family, agents: Agents): string[] {
  const parts = [...family.variants.values()].map((variant) => variantPart(family, variant, agents))
  return parts.length === 0 ? [] : ['## Variants', ...parts]
}

function variantPart({ name, baseline }: Family, variant: CatalogVariant, agents: Agents): string {
  const { workflow, overlay } = variant
  const changed = workflow.steps.filter((step) => overlay.steps?.some(({ id }) => id === step.id))
  const gone = (overlay.steps ?? []).filter(({ remove }) => remove).map(({ id }) => `- \`${id}\` is left out.`)
  const cost = workflow.cap.usd === baseline.cap.usd ? [] : [`- Never more than ${formatUsd(workflow.cap.usd)}.`]
  const { diff } = overlay.guards ?? {}
  const size =
    diff === undefined
      ? []
      : [`- At most ${diff.files ?? 'any number of'} files and ${diff.lines ?? 'any number of'} lines.`]
  return [
    `### \`${name}/${variant.name}\`\n\n${workflow.summary}.`,
    [...changed.map((step) => `- ${stepLine(step, workflow.inputs, name, agents)}`), ...gone, ...size, ...cost].join(
      '\n',
    ),
  ].join('\n\n')
}

function nested(globs: readonly string[]): string[] {
  return globs.map((glob) => `  - \`${glob}\``)
}

function list(items: readonly string[]): string {
  return items.map((item) => `\`${item}\``).join(', ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
