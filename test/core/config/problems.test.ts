/** Broken configurations and exactly what is said of each: place, what is wrong, what is expected, an example. */
import { describe, expect, it } from 'vitest'
import { PORTFOLIOS, problemsOf, TIDY, tidyFiles } from './layers.ts'

const FILE = '.github/purser/portfolios.yml'
const FLOW = '.github/purser/catalog/tidy/workflow.yml'

function portfolios(from: string, to: string): Record<string, string> {
  return { 'portfolios.yml': PORTFOLIOS.replace(from, to) }
}

function tidy(from: string, to: string): Record<string, string> {
  return tidyFiles({ 'catalog/tidy/workflow.yml': TIDY.replace(from, to) })
}

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...['b', 'c', 'd', 'e', 'f', 'g'].map(
    (name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`)}]`,
  ),
].join('\n')

const TOO_DEEP =
  'values are nested too deeply; expected at most 32 levels and 64 columns of indentation; for example cap: { usd: 2.50 }'
const ALIASES =
  'aliases (`*name`) that can’t be followed or expand to too much; expected values written out, or few aliases; for example cap: { usd: 2.50 }'
const UNSEEN = 'expected text that reads as it is written; for example the same line typed anew'
const KNOWN =
  'subject.repository, subject.number, subject.title, subject.text, subject.log, subject.files, subject.diff, subject.commits'

type Row = readonly [what: string, files: Record<string, string>, problems: readonly string[]]

const texts: readonly Row[] = [
  ['nothing', portfolios('', ''), []],
  ['a byte order mark and CRLF', { 'portfolios.yml': `\ufeff${PORTFOLIOS.replaceAll('\n', '\r\n')}` }, []],
  [
    'a bracket that is never closed',
    portfolios('budget: {', 'budget: ['),
    [`${FILE}:9:13: a list that is never closed; expected ] at its end; for example workflows: [review]`],
  ],
  [
    'a mapping that is never closed, lines above where that shows',
    portfolios('per: month }', 'per: month'),
    [
      `${FILE}:9:13: a mapping that is never closed; expected } at its end; for example budget: { usd: 40, per: month }`,
    ],
  ],
  [
    'bytes that are not UTF-8',
    portfolios('Safer', 'Caf\ufffd'),
    [
      `${FILE}:6:17: not UTF-8 at this place; expected a file that is saved as UTF-8; for example the same line typed anew`,
    ],
  ],
  [
    'a tab',
    portfolios('    purpose', '\tpurpose'),
    [`${FILE}:6:1: a tab indents this line; expected blanks; for example two blanks for each level`],
  ],
  [
    'a key twice',
    portfolios('version: 1', 'version: 1\nversion: 1'),
    [
      `${FILE}:2:1: the same key stands twice in one mapping; expected each key once; for example the two merged into one`,
    ],
  ],
  [
    'two documents',
    { 'portfolios.yml': `${PORTFOLIOS}---\na: 1\n` },
    [
      `${FILE}:12:1: a second document begins here; expected one document in a file; for example the file without the \`---\` in its middle`,
    ],
  ],
  [
    'no text',
    { 'portfolios.yml': '' },
    [`${FILE}:1:1: the file is empty; expected keys and values; for example version: 1`],
  ],
  [
    'no rules, no workflow',
    tidyFiles({ 'promotion.yml': '', 'catalog/tidy/workflow.yml': '# to come' }),
    [
      `${FLOW}:1:1: the file is empty; expected keys and values; for example name: tidy`,
      '.github/purser/promotion.yml:1:1: the file is empty; expected keys and values; for example window: { days: 60 }',
    ],
  ],
  [
    'no variant',
    tidyFiles({ 'catalog/tidy/variants/quick.yml': '' }),
    [
      '.github/purser/catalog/tidy/variants/quick.yml:1:1: the file is empty; expected keys and values; for example summary: Write the tests first',
    ],
  ],
  [
    'a list',
    { 'portfolios.yml': '- 1\n' },
    [`${FILE}:1:1: the file is not a mapping; expected keys and values at the top; for example version: 1`],
  ],
  [
    'a huge file',
    { 'portfolios.yml': '#'.repeat(200_001) },
    [`${FILE}:1:1: longer than 200,000 bytes; expected a file that a person reads; for example a few hundred lines`],
  ],
  ['brackets in brackets', { 'portfolios.yml': `a: ${'['.repeat(50_000)}` }, [`${FILE}:1:1: ${TOO_DEEP}`]],
  ['lists in lists', { 'portfolios.yml': '- '.repeat(50_000) }, [`${FILE}:1:1: ${TOO_DEEP}`]],
  ['keys in keys', { 'portfolios.yml': '? '.repeat(50_000) }, [`${FILE}:1:1: ${TOO_DEEP}`]],
  [
    'ever deeper lines',
    { 'portfolios.yml': Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n') },
    [`${FILE}:66:1: ${TOO_DEEP}`],
  ],
  [
    'more keys than anybody reads',
    { 'portfolios.yml': Array.from({ length: 20_000 }, (_, index) => `k${index}:`).join('\n') },
    [
      `${FILE}:5001:1: too many values, counting what aliases repeat; expected a file that a person reads; for example a few hundred lines`,
    ],
  ],
  ['aliases that explode', { 'portfolios.yml': bomb }, [`${FILE}:1:1: ${ALIASES}`]],
  [
    'an alias of what it stands in',
    { 'portfolios.yml': 'version: 1\nvalues: &a { x: *a }\n' },
    [`${FILE}:2:12: ${ALIASES}`],
  ],
  [
    'a bidirectional control',
    portfolios('Safer', 'Sa\u202efer'),
    [`${FILE}:6:16: contains U+202E (a bidirectional control), which readers can’t see; ${UNSEEN}`],
  ],
  [
    'the same behind an escape',
    portfolios('Safer, faster refactors', '"Sa\\u202efer"'),
    [`${FILE}:6:14: contains U+202E (a bidirectional control), which readers can’t see; ${UNSEEN}`],
  ],
  [
    'a zero-width space in a name',
    portfolios('value: quality', 'value: qua\u200blity'),
    [`${FILE}:7:15: contains U+200B (a zero-width space), which readers can’t see; ${UNSEEN}`],
  ],
  [
    'a tag',
    portfolios('version: 1', 'version: !!js/undefined 1'),
    [`${FILE}:1:10: a YAML tag that means nothing here; expected plain values; for example ends: 2026-12-31`],
  ],
]

const values: readonly Row[] = [
  [
    'a key misspelt',
    portfolios('    cap:', '    capp:'),
    [
      `${FILE}:10:5 portfolios.refactoring.capp: is no key of this mapping; expected cap, or one of purpose, value, workflows, budget, cap, confirm-over, trials, overrides, enforce, high-cost, spend-per-accepted, was; for example cap: { usd: 2.5 }`,
    ],
  ],
  [
    'a key misspelt that has to be there',
    portfolios('    budget:', '    bugdet:'),
    [
      `${FILE}:9:5 portfolios.refactoring.bugdet: is no key of this mapping; expected budget, or one of purpose, value, workflows, budget, cap, confirm-over, trials, overrides, enforce, high-cost, spend-per-accepted, was; for example budget: { usd: 2.5, per: week }`,
    ],
  ],
  [
    'a ratio of its own without a reason',
    portfolios('    cap:', '    spend-per-accepted: 2x\n    cap:'),
    [
      `${FILE}:10:25 portfolios.refactoring.spend-per-accepted: a ratio of its own, and no reason why dear runs are right here; expected \`high-cost\` beside it, which everybody is shown; or the ratio of \`promotion.yml\`, the same for all; for example high-cost: Incidents justify deep context.`,
    ],
  ],
  [
    'a text that is too short',
    portfolios('Safer, faster refactors', 'ab'),
    [
      `${FILE}:6:14 portfolios.refactoring.purpose: "ab" is too short; expected at least 3 characters; for example purpose: "Safer, faster refactors"`,
    ],
  ],
  [
    'a letter that only looks right in a name',
    portfolios('value: quality', 'value: qu\u0430lity'),
    [
      `${FILE}:7:12 portfolios.refactoring.value: "qu\u0430lity" is not a name: U+0430 (\u0430) is no plain letter; expected lower-case letters, digits, "-" and "+"; for example refactor+tests`,
    ],
  ],
  [
    'percentages without their sign, and a number that is too small',
    {
      ...portfolios('', ''),
      'promotion.yml': 'promote: { runs: 0, reverted: 5 }\nsunset: { accepted-below: 40 }\n',
    },
    [
      '.github/purser/promotion.yml:1:18 promote.runs: 0 is too small; expected at least 1; for example runs: 10',
      '.github/purser/promotion.yml:1:31 promote.reverted: 5 is not a percentage; expected 0% to 100%; for example 5%',
      '.github/purser/promotion.yml:2:27 sunset.accepted-below: 40 is not a percentage; expected 0% to 100%; for example 40%',
    ],
  ],
  [
    'a key left out',
    portfolios('    budget: { usd: 40, per: month }\n', ''),
    [
      `${FILE}:5:3 portfolios.refactoring.budget: is missing; expected a mapping; for example budget: { usd: 2.5, per: week }`,
    ],
  ],
  [
    'an amount where a mapping belongs',
    portfolios('cap: { usd: 2.50 }', 'cap: 2.50'),
    [`${FILE}:10:10 portfolios.refactoring.cap: is 2.5; expected a mapping; for example cap: { usd: 2.5 }`],
  ],
  [
    'an amount in words, below zero, too fine',
    {
      'portfolios.yml': PORTFOLIOS.replace('usd: 2.50', 'usd: two')
        .replace('usd: 40', 'usd: -40')
        .replace('version: 1', 'version: 1\nmodels: { prices: { mine: { input: 0.0000001, output: 1 } } }'),
    },
    [
      `${FILE}:2:36 models.prices.mine.input: 1e-7 is not a price; expected US dollars per million tokens with at most six decimal places; for example 0.20`,
      `${FILE}:10:20 portfolios.refactoring.budget.usd: -40 is not an amount; expected US dollars above zero with at most six decimal places; for example 2.50`,
      `${FILE}:11:17 portfolios.refactoring.cap.usd: "two" is not an amount; expected US dollars above zero with at most six decimal places; for example 2.50`,
    ],
  ],
  [
    'one name where a list belongs',
    portfolios('[refactor+tests, review]', 'review'),
    [
      `${FILE}:8:16 portfolios.refactoring.workflows: is "review"; expected a list (each entry text of at most 50 characters); for example workflows: [refactor+tests]`,
    ],
  ],
  [
    'none of the choices',
    portfolios('per: month', 'per: moth'),
    [`${FILE}:9:29 portfolios.refactoring.budget.per: is "moth"; expected one of week, month; for example month`],
  ],
  [
    'a name with a capital letter',
    portfolios('  refactoring:', '  Refactoring:'),
    [
      `${FILE}:5:3 portfolios.Refactoring: "Refactoring" is not a name; expected lower-case letters, digits, "-" and "+"; for example refactor+tests`,
    ],
  ],
  ...['portfolios', 'values', 'experiments'].map((key): Row => {
    const text = `${PORTFOLIOS}experiments:\n  split: { project: Split, budget: { usd: 120 } }\n`
    const lines = text.replace(`${key}:\n`, `${key}:\n  __proto__: { measure: x }\n`).split('\n')
    const line = lines.findIndex((one) => one.includes('__proto__')) + 1
    return [
      `the name that schemas pass over, in ${key}`,
      { 'portfolios.yml': lines.join('\n') },
      [
        `${FILE}:${line}:3 ${key}.__proto__: "__proto__" is not a name; expected lower-case letters, digits, "-" and "+"; for example refactor+tests`,
      ],
    ]
  }),
  [
    'an outcome without its condition',
    { 'portfolios.yml': `${PORTFOLIOS}outcomes: [{ outcome: accepted }]\n` },
    [`${FILE}:12:12 outcomes.0.when: is missing; expected a mapping; for example when: { label: agent/rejected }`],
  ],
  [
    'a default of another type than its input',
    tidy('inputs:', 'inputs:\n  most: { type: number, default: "5" }\n  deep: { type: boolean, default: "no" }'),
    [
      `${FLOW}:5:34 inputs.most.default: is "5"; expected a number; for example default: 5`,
      `${FLOW}:6:35 inputs.deep.default: is "no"; expected true or false; for example default: true`,
    ],
  ],
  [
    'a choice without options',
    tidy('inputs:', 'inputs:\n  depth: { type: choice }'),
    [
      `${FLOW}:5:3 inputs.depth.options: is missing; expected a list (each entry text of at most 100 characters); for example options: [brief, thorough]`,
    ],
  ],
  [
    'a text where a list of few entries belongs',
    tidy('run: [npm test]', 'run: npm test'),
    [
      `${FLOW}:14:8 guards.run: is "npm test"; expected a list (each entry text of at most 2000 characters); for example run: [npm test]`,
    ],
  ],
  [
    'the same in inputs',
    tidy('inputs:', 'inputs:\n  __proto__: { type: string }'),
    [
      `${FLOW}:5:3 inputs.__proto__: "__proto__" is not a name; expected lower-case letters, digits, "-" and "+"; for example refactor+tests`,
    ],
  ],
  [
    'neither kind of grant, a day that is none, an extra without a reason or an end',
    {
      'portfolios.yml': `${PORTFOLIOS}exploration:
  sprint: { days: 14, from: 2026-02-30 }
  every-squad: { tokens: 5, usd: 1 }
  squads:
    web: { paths: ['web/**'], extra: [{ usd: 3 }] }
`,
    },
    [
      `${FILE}:13:29 exploration.sprint.from: "2026-02-30" is not a day; expected year-month-day; for example 2026-12-31`,
      `${FILE}:14:16 exploration.every-squad: not one of tokens and usd; expected an amount of the one or the other; for example { tokens: 2_000_000 }`,
      `${FILE}:16:39 exploration.squads.web.extra.0.reason: is missing; expected the reason; for example reason: PSP migration`,
      `${FILE}:16:39 exploration.squads.web.extra.0.until: is missing; expected a day; for example until: 2026-12-31`,
    ],
  ],
  [
    'an experiment without scope or end',
    {
      'portfolios.yml': `${PORTFOLIOS}experiments:
  split: { project: Split the monolith, budget: { usd: 120 } }
`,
    },
    [
      `${FILE}:13:3 experiments.split.scope: is missing; expected what it may touch, which is enforced; for example scope: { paths: ["services/payments/**"] }`,
      `${FILE}:13:3 experiments.split.ends: is missing; expected a day; for example ends: 2026-12-31`,
    ],
  ],
  [
    'a step that is neither kind',
    tidy('agent: engineer, prompt: work.md', 'promt: work.md'),
    [
      `${FLOW}:8:5 steps.1: not a step; expected agent and prompt, or run, or workflow; for example { id: tests, agent: engineer, prompt: tests.md }`,
    ],
  ],
  [
    'a step with a key misspelt',
    tidy('prompt: work.md', 'promt: work.md'),
    [
      `${FLOW}:8:34 steps.1.promt: is no key of this mapping; expected prompt, or one of id, when, agent, prompt, share, turns, until, output; for example prompt: refactor.md`,
    ],
  ],
  [
    'an input of no type',
    tidy('type: string', 'type: text'),
    [`${FLOW}:5:17 inputs.goal.type: is "text"; expected one of string, number, boolean, choice; for example string`],
  ],
  [
    'an agent with an unknown tool and no description',
    { ...tidyFiles(), 'catalog/agents/bot.agent.md': '---\r\nname: bot\r\ntools: [read, fly]\r\n---\r\nText' },
    [
      '.github/purser/catalog/agents/bot.agent.md:2:1 description: is missing; expected text from 3 to 300 characters; for example description: "Safer, faster refactors"',
      '.github/purser/catalog/agents/bot.agent.md:3:15 tools.1: is "fly"; expected one of read, list, search, edit, write, run; for example read',
    ],
  ],
  [
    'a command-line agent of another provider without a model',
    {
      ...tidyFiles(),
      'catalog/agents/bot.agent.md': '---\nname: bot\ndescription: Does it\nruntime: claude-code\n---\nText',
    },
    [
      '.github/purser/catalog/agents/bot.agent.md:4:10 runtime: Claude Code has no model; expected a model of Anthropic’s interface; for example model: claude-sonnet-5',
    ],
  ],
  [
    'a command-line agent that nobody knows',
    {
      ...tidyFiles(),
      'catalog/agents/bot.agent.md': '---\nname: bot\ndescription: Does it\nruntime: claude\n---\nText',
    },
    [
      '.github/purser/catalog/agents/bot.agent.md:4:10 runtime: is "claude"; expected one of codex, claude-code; for example claude-code',
    ],
  ],
  [
    'MCP servers without tools, without a program or an address, and at an address that is not safe',
    {
      ...tidyFiles(),
      'catalog/agents/bot.agent.md':
        '---\nname: bot\ndescription: Does it\nmcp-servers:\n  a: { command: [x] }\n  b: { tools: [y] }\n  c: { url: "http://example.org", tools: [y] }\n  d: { command: [x], tool: [y] }\n---\nText',
    },
    [
      '.github/purser/catalog/agents/bot.agent.md:5:3 mcp-servers.a.tools: is missing; expected the tools that the agent may use, by the server’s names; what is not listed is not there; for example tools: [find_issue]',
      '.github/purser/catalog/agents/bot.agent.md:6:6 mcp-servers.b: not a server; expected command or url, and tools; for example { url: https://mcp.example.org/mcp, tools: [find_issue] }',
      '.github/purser/catalog/agents/bot.agent.md:7:13 mcp-servers.c.url: "http://example.org" is not an address; expected https://, or http:// on this machine; for example https://mcp.example.org/mcp',
      '.github/purser/catalog/agents/bot.agent.md:8:22 mcp-servers.d.tool: is no key of this mapping; expected tools, or one of command, env, tools; for example tools: [find_issue]',
    ],
  ],
  [
    'MCP tools that the model could not tell apart, or call, and a command-line agent that has some',
    {
      ...tidyFiles(),
      'catalog/agents/bot.agent.md': `---\nname: bot\ndescription: Does it\nmodel: gpt-5-mini\nruntime: codex\nmcp-servers:\n  a: { command: [x], tools: [y.z, y_z, ${'n'.repeat(63)}] }\n---\nText`,
    },
    [
      '.github/purser/catalog/agents/bot.agent.md:7:3 mcp-servers: codex carries the agent out, and reaches no server but its meter; expected one of `runtime` and `mcp-servers`; for example tools: [read, run]',
      '.github/purser/catalog/agents/bot.agent.md:7:35 mcp-servers.a.tools.1: another tool is known as a_y_z as well; expected each tool once; for example y_z',
      `.github/purser/catalog/agents/bot.agent.md:7:40 mcp-servers.a.tools.2: the model would know it as a_${'n'.repeat(63)}, of 65 characters; expected at most 64 for server and tool together; for example a shorter name of the server`,
    ],
  ],
  [
    'hosts that are none',
    tidy('steps:', "setup: { run: npm ci, network: [registry, 'https://pypi.org', '*.example.org:8443'] }\nsteps:"),
    [
      `${FLOW}:6:43 setup.network.1: "https://pypi.org" is no host; expected a host, *.host or host:port, or registry; for example pypi.org`,
    ],
  ],
  [
    'an agent without front matter',
    { ...tidyFiles(), 'catalog/agents/bot.agent.md': 'Text' },
    [
      '.github/purser/catalog/agents/bot.agent.md:1:1: the file does not begin with front matter; expected keys between two lines of ---, then the agent’s instructions; for example --- / name: engineer / description: Changes code in small steps / ---',
    ],
  ],
]

const crossRules: readonly Row[] = [
  ['a repository with its own workflow', tidyFiles(), []],
  [
    'an unknown workflow',
    portfolios('review]', 'reveiw]'),
    [
      `${FILE}:8:33 portfolios.refactoring.workflows.1: there is no workflow reveiw; expected one of changelog, fix-ci, incident-triage, postmortem, refactor+tests, review, or catalog/reveiw/workflow.yml; for example review`,
    ],
  ],
  [
    'a workflow in two portfolios',
    {
      'portfolios.yml': `${PORTFOLIOS}  other: { purpose: Another, value: quality, workflows: [review], budget: { usd: 1, per: week }, cap: { usd: 0.5 } }\n`,
    },
    [
      `${FILE}:12:58 portfolios.other.workflows.0: review stands in the portfolio refactoring already; expected each workflow in one portfolio or one experiment; for example review in the portfolio refactoring alone`,
    ],
  ],
  [
    'an experiment with workflows of a portfolio, of another experiment and of nobody',
    {
      'portfolios.yml': `${PORTFOLIOS}experiments:
  split:
    { project: Split it, workflows: [review, chngelog, fix-ci], scope: { paths: ['a/**'] }, ends: 2026-12-01, budget: { usd: 9 } }
  slice:
    { project: Slice it, workflows: [fix-ci], scope: { paths: ['a/**'] }, ends: 2026-12-01, budget: { usd: 9 } }
`,
    },
    [
      `${FILE}:14:38 experiments.split.workflows.0: review stands in the portfolio refactoring already; expected each workflow in one portfolio or one experiment; for example review in the portfolio refactoring alone`,
      `${FILE}:14:46 experiments.split.workflows.1: there is no workflow chngelog; expected one of changelog, fix-ci, incident-triage, postmortem, refactor+tests, review, or catalog/chngelog/workflow.yml; for example changelog`,
      `${FILE}:16:38 experiments.slice.workflows.0: fix-ci stands in the experiment split already; expected each workflow in one portfolio or one experiment; for example fix-ci in the experiment split alone`,
    ],
  ],
  [
    'an experiment without workflows, one that a single run may empty, one with a portfolio’s name',
    {
      'portfolios.yml': `${PORTFOLIOS}experiments:
  split: { project: Split it, scope: { paths: ['a/**'] }, ends: 2026-12-01, budget: { usd: 9 } }
  slice: { project: Slice it, workflows: [fix-ci], scope: { paths: ['a/**'] }, ends: 2026-12-01, budget: { usd: 0.10 } }
  refactoring: { project: Refactor, workflows: [changelog], scope: { paths: ['a/**'] }, ends: 2026-12-01, budget: { usd: 9 } }
`,
    },
    [
      `${FILE}:13:10 experiments.split: warning: the experiment has no workflows, so nothing can run under it; expected at least one that is in no portfolio; for example workflows: [split-module]`,
      `${FILE}:14:43 experiments.slice.workflows.0: warning: one run of fix-ci may cost $1.50, which is more than the whole budget; expected a budget for several runs, or a lower cap in the workflow; for example budget: { usd: 15.00 }`,
      `${FILE}:15:16 experiments.refactoring: the experiment is named after the portfolio refactoring; expected a name of its own; for example refactoring-experiment`,
    ],
  ],
  [
    'nothing about a workflow of its own in an experiment',
    tidyFiles({
      'portfolios.yml': `${PORTFOLIOS}experiments:
  split: { project: Split it, workflows: [tidy], scope: { paths: ['a/**'] }, ends: 2026-12-01, budget: { usd: 9 } }
`,
    }),
    [],
  ],
  [
    'a workflow of its own in no portfolio',
    tidyFiles({ 'portfolios.yml': PORTFOLIOS }),
    [
      `${FLOW}:1:7 name: tidy is in no portfolio, so nothing pays for it; expected it under \`workflows\` of one portfolio; for example workflows: [tidy]`,
    ],
  ],
  [
    'a value that is not declared',
    portfolios('value: quality', 'value: qualty'),
    [
      `${FILE}:7:12 portfolios.refactoring.value: there is no value qualty; expected one of quality; for example value: quality`,
    ],
  ],
  [
    'mixed values',
    {
      'portfolios.yml': PORTFOLIOS.replace('values:', 'values:\n  speed: { measure: first-run-to-merge }')
        .replace('value: quality', 'value: speed')
        .replace(', review]', ']'),
    },
    [
      `${FILE}:9:17 portfolios.refactoring.workflows.0: refactor+tests serves quality, and the portfolio speed; expected workflows of one value in a portfolio; for example a portfolio with value: quality`,
    ],
  ],
  [
    'eight values',
    portfolios(
      'values:',
      `values:${Array.from({ length: 7 }, (_, i) => `\n  v${i}: { measure: first-run-to-merge }`).join('')}`,
    ),
    [
      `${FILE}:3:3 values: 8 values; expected at most 7, so that a tag still says something; for example v0, v1, v2, v3, v4, v5, v6`,
    ],
  ],
  [
    'a measure of incidents that names no label',
    portfolios('rework-and-reverts', 'incident-open-hours'),
    [
      `${FILE}:3:12 values.quality: the measure looks at issues of one label, and none is named; expected the label that marks incidents; for example { measure: incident-open-hours, label: incident }`,
    ],
  ],
  [
    'a cap above the budget',
    portfolios('usd: 2.50', 'usd: 41'),
    [
      `${FILE}:10:17 portfolios.refactoring.cap.usd: one session may cost more than the budget of $40.00; expected a cap below the budget; for example cap: { usd: 4.00 }`,
    ],
  ],
  [
    'a budget between two cents, which is told as it is written',
    portfolios('usd: 40,', 'usd: 1.004,'),
    [
      `${FILE}:10:17 portfolios.refactoring.cap.usd: one session may cost more than the budget of $1.004; expected a cap below the budget; for example cap: { usd: 0.1004 }`,
    ],
  ],
  [
    'a variant’s cap below the workflow’s floor',
    tidyFiles({
      'catalog/tidy/workflow.yml': TIDY.replace('cap: { usd: 1 }', 'cap: { usd: 1 }\nfloor: { usd: 0.50 }'),
      'catalog/tidy/variants/quick.yml': 'summary: In a hurry\ncap: { usd: 0.40 }\n',
    }),
    [
      '.github/purser/catalog/tidy/variants/quick.yml:2:13 cap.usd: the floor is above the cap; expected at least 0.50, the workflow’s floor; for example cap: { usd: 0.50 }',
    ],
  ],
  [
    'a floor above the cap',
    tidy('cap: { usd: 1 }', 'cap: { usd: 1 }\nfloor: { usd: 1.01 }'),
    [
      `${FLOW}:11:15 floor.usd: the floor is above the cap; expected a floor below cap.usd; for example floor: { usd: 0.25 }`,
    ],
  ],
  [
    'a model without a price',
    portfolios('[gpt-5.2,', '[gpt-5.3,'),
    [
      `${FILE}:11:36 portfolios.refactoring.overrides.models.0: the model gpt-5.3 has no price, so its cost can’t be bounded; expected a model of the price list, or its price under \`models.prices\`; for example gpt-5.2`,
    ],
  ],
  [
    'a context of a model that nothing prices, and an output limit for an interface that has one field for it',
    {
      'portfolios.yml': `${PORTFOLIOS}models:
  endpoint: { api: responses, output-limit: max_tokens }
  context: { gpt-5.9: 32_768 }
`,
    },
    [
      `${FILE}:13:31 models.endpoint.output-limit: the Responses API has one field for the output’s limit; expected \`output-limit\` only with \`api: chat-completions\`; for example endpoint: { api: responses }`,
      `${FILE}:14:14 models.context.gpt-5.9: the model gpt-5.9 has no price, so its cost can’t be bounded; expected a model of the price list, or its price under \`models.prices\`; for example gpt-5.2`,
    ],
  ],
  [
    'a context that holds no first request',
    { 'portfolios.yml': `${PORTFOLIOS}models: { context: { gpt-5.2: 500 } }\n` },
    [`${FILE}:12:31 models.context.gpt-5.2: too small; expected at least 2_000 tokens; for example 32_768`],
  ],
  [
    'a portfolio named after a squad, an end that is past, an extension before its end',
    {
      'portfolios.yml': `${PORTFOLIOS}exploration:
  sprint: { days: 14, from: 2026-11-02 }
  every-squad: { tokens: 2_000_000 }
  squads:
    refactoring: { paths: ['/src/**'], extra: [{ tokens: 3, reason: Cleaning, until: 2026-11-19 }] }
experiments:
  split: { project: Split it, scope: { paths: ['a/**'] }, ends: 2026-11-01, budget: { usd: 3 }, workflows: [changelog] }
  late: { project: Split it, scope: { paths: ['a/**'] }, ends: 2026-12-01, budget: { usd: 3 }, extended: { until: 2026-11-30, reason: Why not }, workflows: [fix-ci] }
`,
    },
    [
      `${FILE}:5:3 portfolios.refactoring: the portfolio is named after the squad refactoring; expected a portfolio named for its purpose, so that no money is somebody’s own; for example upkeep`,
      `${FILE}:16:28 exploration.squads.refactoring.paths.0: "/src/**" begins with /, and no path does; expected a pattern from the repository’s root; for example src/**`,
      `${FILE}:16:86 exploration.squads.refactoring.extra.0.until: warning: ended on 2026-11-19; expected an end that is still to come, or the entry taken out; for example 2027-11-20`,
      `${FILE}:18:65 experiments.split.ends: warning: the experiment ended on 2026-11-01; expected it taken out, or its one extension with a reason; for example extended: { until: 2027-11-20, reason: The last module is left }`,
      `${FILE}:19:115 experiments.late.extended.until: the extension ends on 2026-11-30, before the experiment does; expected a day after 2026-12-01; for example 2027-12-01`,
    ],
  ],
  [
    'names from before that are still there, or that two share',
    {
      'portfolios.yml': `${PORTFOLIOS}exploration:
  sprint: { days: 14, from: 2026-11-02 }
  every-squad: { tokens: 2_000_000 }
  squads:
    web: { paths: ['web/**'] }
    front: { paths: ['front/**'], was: [edge, web] }
experiments:
  split: { project: Split it, scope: { paths: ['a/**'] }, ends: 2026-12-01, budget: { usd: 3 }, was: cut, workflows: [changelog] }
  slice: { project: Slice it, scope: { paths: ['a/**'] }, ends: 2026-12-01, budget: { usd: 3 }, was: cut, workflows: [fix-ci] }
`,
    },
    [
      `${FILE}:17:40 exploration.squads.front.was: the squad web still exists; expected the name that this squad alone had before; for example was: front-before`,
      `${FILE}:20:102 experiments.slice.was: split was cut before, too; expected the name that this experiment alone had before; for example was: slice-before`,
    ],
  ],
  [
    'an extra in another unit than the floor, paths that two squads name',
    {
      'portfolios.yml': `${PORTFOLIOS}exploration:
  sprint: { days: 14, from: 2026-11-02 }
  every-squad: { tokens: 2_000_000 }
  squads:
    web: { paths: ['web/**'] }
    shop: { paths: ['shop/**', '**/cart/*'], extra: [{ usd: 3, reason: Cleaning, until: 2026-12-19 }] }
`,
    },
    [
      `${FILE}:17:32 exploration.squads.shop.paths.1: warning: "**/cart/*" meets paths of web, which is declared first and so owns what both match; expected each path with one squad; for example a narrower pattern`,
      `${FILE}:17:54 exploration.squads.shop.extra.0: every squad’s floor is in tokens, and an extra in another unit would add nothing to it; expected an extra in tokens; for example { tokens: 1_000_000, ... }`,
    ],
  ],
  [
    'outcome rules that never decide',
    {
      'portfolios.yml': `${PORTFOLIOS}outcomes:
  - { outcome: rejected, when: { merged: true } }
  - { outcome: accepted, when: { merged: true, checks: success } }
  - { outcome: accepted, when: { merged: true, closed: true } }
  - { outcome: reworked, when: { rewritten: 30%, merged: false } }
  - { outcome: reworked, when: { rewritten: 40% } }
  - { outcome: rejected, when: { rewritten: 60%, checks: failure } }
  - { outcome: accepted, when: { closed-as: completed, closed: false } }
`,
    },
    [
      `${FILE}:14:32 outcomes.1.when: never decides: rule 1 above holds whenever this one does; expected the narrower rule first; for example the two rules swapped`,
      `${FILE}:15:32 outcomes.2.when: never holds: closed means closed without a merge; expected one of merged and closed; for example { merged: true }`,
      `${FILE}:16:32 outcomes.3.when: never holds: what was rewritten is measured when the work is merged; expected rewritten without merged: false; for example { rewritten: 50% }`,
      `${FILE}:18:32 outcomes.5.when: never decides: rule 5 above holds whenever this one does; expected the narrower rule first; for example the two rules swapped`,
      `${FILE}:19:32 outcomes.6.when: never holds: closed-as speaks of an issue that was closed; expected closed-as alone; for example { closed-as: completed }`,
    ],
  ],
  [
    'thresholds that contradict each other',
    { ...portfolios('', ''), 'promotion.yml': 'promote: { runs: 5, subjects: 6, accepted: 30% }\n' },
    [
      '.github/purser/promotion.yml:1:1 sunset.accepted-below: one and the same share accepted would promote a variant and sunset it; expected a share below promote.accepted; for example accepted-below: 40%',
      '.github/purser/promotion.yml:1:31 promote.subjects: warning: 6 subjects can’t be among 5 runs, so the first checkpoint never holds; expected no more subjects than runs; for example subjects: 5',
    ],
  ],
  [
    'an inherited layer that is not there',
    portfolios('version: 1', 'version: 1\ninherit: organisation'),
    [
      `${FILE}:2:10 inherit: the organisation’s layer is not here; expected the folder .github/purser of its .github repository beside this one; for example purser check --organisation ../.github`,
    ],
  ],
  [
    'an unknown agent',
    tidy('engineer', 'enginer'),
    [
      `${FLOW}:8:24 steps.1.agent: there is no agent enginer; expected one of engineer, investigator, reviewer, writer, or catalog/agents/enginer.agent.md; for example agent: engineer`,
    ],
  ],
  [
    'a prompt that is not there',
    tidyFiles({ 'catalog/tidy/work.md': undefined }),
    [
      `${FLOW}:8:42 steps.1.prompt: there is no file work.md; expected a Markdown file beside workflow.yml; for example .github/purser/catalog/tidy/work.md`,
    ],
  ],
  [
    'names in a prompt that nothing has',
    tidyFiles({ 'catalog/tidy/work.md': 'x\n ${{ inputs.gaol }} ${{ steps.work.output }}' }),
    [
      `.github/purser/catalog/tidy/work.md:2:2: \`\${{ inputs.gaol }}\` names nothing that is known in work.md; expected one of inputs.goal, steps.look.output, ${KNOWN}; for example \${{ inputs.goal }}`,
      `.github/purser/catalog/tidy/work.md:2:21: \`\${{ steps.work.output }}\` names nothing that is known in work.md; expected one of inputs.goal, steps.look.output, ${KNOWN}; for example \${{ steps.look.output }}`,
    ],
  ],
  [
    'an expression in a prompt that is never closed',
    tidyFiles({ 'catalog/tidy/work.md': 'x\nDo ${{ inputs.goal\nand ${{ inputs.goal }} }}' }),
    [
      '.github/purser/catalog/tidy/work.md:2:4: `${{` is never closed; expected }} after the name; for example ${{ subject.files }}',
    ],
  ],
  [
    'a value in a command that is no input',
    tidy('run: npm test,', "run: 'echo ${{ subject.title }}',"),
    [
      `${FLOW}:7:22 steps.0.run: \`\${{ subject.title }}\` names nothing that is known in a command; expected one of inputs.goal; for example \${{ inputs.goal }}`,
    ],
  ],
  [
    'an id twice',
    tidy('id: work', 'id: look'),
    [`${FLOW}:8:11 steps.1.id: a step before has the id look; expected an id of its own; for example id: look-again`],
  ],
  [
    'an input named like an override',
    tidy('  goal: {', '  cap: { type: string, default: x }\n  goal: {'),
    [
      `${FLOW}:5:8 inputs.cap: \`cap=\` is an override; expected a name other than cap, model, effort, which change a run; for example cap-for-tests: { type: string }`,
    ],
  ],
  [
    'a workflow named like a verb',
    {
      'portfolios.yml': PORTFOLIOS.replace('review]', 'review, quote]'),
      'catalog/quote/workflow.yml': TIDY.replace('name: tidy', 'name: quote'),
      'catalog/quote/work.md': 'Do it',
    },
    [
      '.github/purser/catalog/quote/workflow.yml:1:7 name: `/agent quote` means something else; expected a name that is no verb; for example quote-it',
    ],
  ],
  [
    'patterns that never match',
    tidy("'**/*.lock'", "/etc/**, ../x, 'a\\b'"),
    [
      `${FLOW}:12:19 guards.paths.deny.0: "/etc/**" begins with /, and no path does; expected a pattern from the repository’s root; for example etc/**`,
      `${FLOW}:12:28 guards.paths.deny.1: "../x" goes up with .., and nothing above the root is reached; expected a pattern from the repository’s root; for example x`,
      `${FLOW}:12:34 guards.paths.deny.2: "a\\b" has a backslash, and paths have /; expected a pattern from the repository’s root; for example a/b`,
    ],
  ],
  [
    'a commit without a pull request',
    tidy('value: quality', 'value: quality\non: [push]'),
    [
      `${FLOW}:4:5 on: a commit can’t be delivered on push; expected on: [pull-request], or another delivery; for example deliver: pull-request`,
    ],
  ],
  [
    'labels that nothing gets',
    tidy('value: quality', 'value: quality\nlabels: [triage]'),
    [
      `${FLOW}:4:9 labels: a commit gets no labels; expected labels with deliver: issue alone; for example deliver: issue`,
    ],
  ],
  [
    'a sandbox that its agent can’t keep to',
    {
      ...tidyFiles(),
      'catalog/agents/bot.agent.md':
        '---\nname: bot\ndescription: Does it\ntools: [read, edit]\ndelegates: [engineer]\nsandbox:\n  write: false\n  hosts: [pypi.org, "a b"]\n---\nText',
    },
    [
      '.github/purser/catalog/agents/bot.agent.md:5:13 delegates.0: engineer changes files, which this agent may have nobody do for it; expected agents without edit and write; for example investigator',
      '.github/purser/catalog/agents/bot.agent.md:7:10 sandbox.write: its tools edit and write could do nothing; expected tools without edit and write; for example tools: [read]',
      '.github/purser/catalog/agents/bot.agent.md:8:10 sandbox.hosts: nothing that it may start could reach a host; expected the tool run, an MCP server with a command, or no hosts; for example tools: [read, run]',
      '.github/purser/catalog/agents/bot.agent.md:8:21 sandbox.hosts.1: "a b" is no host; expected a host, *.host or host:port, or registry; for example pypi.org',
    ],
  ],
  [
    'an agent that reaches more than its workflow lets it',
    {
      ...tidy('agent: engineer', 'agent: bot'),
      'catalog/agents/bot.agent.md': '---\nname: bot\ndescription: Does it\nsandbox: { hosts: [pypi.org] }\n---\nText',
    },
    [
      `${FLOW}:8:24 steps.1.agent: bot reaches pypi.org, which setup.network does not name; expected a host that this workflow lets its runs reach, or another agent; for example setup: { run: npm ci, network: [pypi.org] }`,
    ],
  ],
  [
    'an approval of what is never delivered',
    tidy('deliver: commit', 'deliver: none\napprove: true'),
    [
      `${FLOW}:10:10 approve: nothing is delivered that could wait; expected approve: true with a delivery; for example deliver: commit`,
    ],
  ],
  [
    'an approval where nobody can be asked',
    tidy('deliver: commit', 'on: [pull-request, push]\ndeliver: pull-request\napprove: true'),
    [
      `${FLOW}:11:10 approve: a push has no comments, so nobody can be asked there; expected on: [pull-request] or [issue], or no approve; for example deliver: pull-request`,
    ],
  ],
  [
    'a label that people judge by',
    tidy('value: quality', 'value: quality\nlabels: [agent/accepted]'),
    [
      `${FLOW}:4:10 labels.0: "agent/accepted" is not a label; expected at most 50 characters, no comma, and not agent/… or promotion: …; for example triage`,
    ],
  ],
  [
    'a name that is not its folder’s',
    { ...tidyFiles(), 'catalog/tidi/workflow.yml': TIDY },
    [
      '.github/purser/catalog/tidi/workflow.yml:1:7 name: differs from its folder, tidi; expected the folder’s name; for example name: tidi',
    ],
  ],
  [
    'a file with nearly the right name',
    { ...portfolios('', ''), 'promotions.yaml': 'window: { days: 30 }\n' },
    [
      '.github/purser/promotions.yaml:1:1: warning: nothing reads a file of this name; expected promotion.yml; for example git mv promotions.yaml promotion.yml',
    ],
  ],
  [
    'a file that nothing reads',
    { ...tidyFiles(), 'catalog/tidy/workflow.yaml': 'name: tidy' },
    [
      '.github/purser/catalog/tidy/workflow.yaml:1:1: warning: nothing reads this file; expected portfolios.yml, promotion.yml, catalog/<name>/workflow.yml or catalog/<name>/variants/<name>.yml; for example catalog/review/workflow.yml',
    ],
  ],
]

const on = (text: string) => tidy('deliver: commit', `deliver: pull-request\non: ${text}`)

const triggers: readonly Row[] = [
  [
    'every trigger',
    on(
      '[issue, { label: agent/fix, inputs: { goal: Mend it } }, { pull-request: [opened], paths: [src/**] }, { push: default-branch }, { check: failed, name: "test*" }, { schedule: "0 6 * * 1" }, { dispatch: nightly }]',
    ),
    [],
  ],
  [
    'words for a schedule',
    on('[{ schedule: every monday }]'),
    [
      `${FLOW}:10:18 on.0.schedule: "every monday" is not a schedule; expected minute, hour, day, month and weekday, at most once an hour; for example 0 6 * * 1`,
    ],
  ],
  ...['*/5 * * * *', '99 6 * * *', '0 0 31 2 *', '0 6 * *'].map(
    (cron): Row => [
      `a schedule that is none: ${cron}`,
      on(`[{ schedule: "${cron}" }]`),
      [
        `${FLOW}:10:18 on.0.schedule: "${cron}" is not a schedule; expected minute, hour, day, month and weekday, at most once an hour; for example 0 6 * * 1`,
      ],
    ],
  ),
  [
    'a label that says what became of work',
    on('[{ label: agent/accepted }]'),
    [
      `${FLOW}:10:15 on.0.label: "agent/accepted" is not a label that starts work; expected at most 50 characters, no comma, and none that says what became of work; for example agent/fix`,
    ],
  ],
  [
    'a trigger that is none',
    on('[{ lable: x }]'),
    [
      `${FLOW}:10:6 on.0: not a subject or a trigger; expected pull-request, issue or push, or one of label, pull-request, push, check, schedule and dispatch with its value; for example { label: agent/fix }`,
    ],
  ],
  [
    'a moment that is none',
    on('[{ pull-request: [merged] }]'),
    [`${FLOW}:10:23 on.0.pull-request.0: is "merged"; expected one of opened, ready, synchronize; for example opened`],
  ],
  [
    'paths of a schedule',
    on('[{ schedule: "0 6 * * 1", paths: [a] }]'),
    [
      `${FLOW}:10:31 on.0.paths: is no key of this mapping; expected one of schedule, inputs; for example schedule: "0 6 * * 1"`,
    ],
  ],
  [
    'a path that can never match',
    on('[{ push: default-branch, paths: [/src] }]'),
    [
      `${FLOW}:10:38 on.0.paths.0: "/src" begins with /, and no path does; expected a pattern from the repository’s root; for example src`,
    ],
  ],
  [
    'an input that the workflow does not take',
    on('[{ check: failed, inputs: { gaol: x } }]'),
    [`${FLOW}:10:39 on.0.inputs.gaol: tidy has no input gaol; expected one of goal; for example goal`],
  ],
  [
    'a subject twice',
    on('[issue, issue]'),
    [
      `${FLOW}:10:13 on.1: stands here twice; expected each subject and each trigger once; for example on: [pull-request, { label: agent/fix }]`,
    ],
  ],
]

const groups: readonly (readonly [how: string, rows: readonly Row[]])[] = [
  ['as a text', texts],
  ['against its schema', values],
  ['across files', crossRules],
  ['with what starts by itself', triggers],
]

describe.each(groups)('what is wrong %s', (_, rows) => {
  it.each(rows)('%s', (_what, files, problems) => {
    expect(problemsOf(files)).toEqual(problems)
  })
})

describe('size', () => {
  const portfolio = (name: string, workflows: readonly string[]) =>
    `  ${name}: { purpose: Many of them, value: quality, workflows: [${workflows}], budget: { usd: 40, per: month } }\n`

  const many = (count: number) => Array.from({ length: count }, (_, index) => `w${index}`)

  const withWorkflows = (names: readonly string[], portfolios: string) => ({
    'portfolios.yml': `version: 1\nvalues: { quality: { measure: rework-and-reverts } }\nportfolios:\n${portfolios}`,
    ...Object.fromEntries(
      names.flatMap((name) => [
        [`catalog/${name}/workflow.yml`, TIDY.replace('name: tidy', `name: ${name}`)],
        [`catalog/${name}/work.md`, 'Do it'],
      ]),
    ),
  })

  it('warns of a portfolio with more than five workflows', () => {
    expect(problemsOf(withWorkflows(many(5), portfolio('some', many(5))))).toEqual([])
    expect(problemsOf(withWorkflows(many(6), portfolio('some', many(6))))).toEqual([
      `${FILE}:4:61 portfolios.some.workflows: warning: 6 workflows in one portfolio, and broad portfolios stop being used; expected at most 5; for example two portfolios, each with one purpose`,
    ])
  })

  it('warns of more than a dozen workflows on offer', () => {
    const names = many(13)
    const spread =
      portfolio('a', names.slice(0, 5)) + portfolio('b', names.slice(5, 10)) + portfolio('c', names.slice(10))
    expect(problemsOf(withWorkflows(names, spread))).toEqual([
      `${FILE}:4:3 portfolios: warning: 13 workflows are offered, and large catalogs stop being used; expected at most 12 in all; for example the ones that nobody started last month taken out`,
    ])
  })
})
