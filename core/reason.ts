/**
 * The one registry of reason codes. Every refusal and every conclusion other than a plain `completed` names one,
 * so that people can look it up (`docs/reasons.md` is written from here) and programs can tell them apart.
 * `says` is what happened in a sentence; `todo` is what the reader can do about it.
 */
interface Reason {
  /** `refusal`: nothing was started or spent. `conclusion`: how a run that started came to its end. `both`: it can be either. */
  readonly kind: 'refusal' | 'conclusion' | 'both'
  readonly says: string
  readonly todo: string
}

export const reasons = {
  // What was asked for
  'invalid-command': {
    kind: 'refusal',
    says: 'The command is not written the way Purser reads it.',
    todo: 'Write it as `/agent <workflow>[/<variant>] [input="value"]`; `/agent help` shows examples.',
  },
  'unknown-workflow': {
    kind: 'refusal',
    says: 'No workflow of that name is in the catalog.',
    todo: 'Pick one that `/agent list` shows.',
  },
  'unknown-variant': {
    kind: 'refusal',
    says: 'The workflow has no variant of that name.',
    todo: 'Pick one that `/agent list` shows, or leave the variant out for the baseline.',
  },
  'input-invalid': {
    kind: 'refusal',
    says: 'An input is unknown, missing or of the wrong type.',
    todo: 'Give the inputs that the workflow declares, and no others; `/agent list` shows them.',
  },
  'override-out-of-bounds': {
    kind: 'refusal',
    says: 'An override asks for more than the portfolio allows.',
    todo: 'Stay within the portfolio’s `overrides`, or change them on the default branch.',
  },
  'wrong-subject': {
    kind: 'refusal',
    says: 'The workflow does not work on this kind of subject.',
    todo: 'Use it where its delivery makes sense: a commit or a review needs an open pull request.',
  },
  'nothing-proposed': {
    kind: 'refusal',
    says: 'Nothing is proposed where the command was given.',
    todo: 'Give the command in the issue that proposes something; `/agent list` names those that wait for a decision.',
  },
  'offer-not-possible': {
    kind: 'refusal',
    says: 'It can’t be offered to the organisation’s catalog as it is.',
    todo: 'Offer what the repository itself declares and the catalog does not have, as `/agent list` shows it.',
  },
  'unknown-agent': {
    kind: 'refusal',
    says: 'No agent of that name is in the catalog.',
    todo: 'Name one of the catalog’s agents, as in `/agent ask engineer "Why this way?"`.',
  },
  'no-session': {
    kind: 'refusal',
    says: 'There is no session here that this command could speak of.',
    todo: 'Start one with `/agent <workflow>`.',
  },
  'nothing-to-resume': {
    kind: 'refusal',
    says: 'The last run here left nothing that could be gone on with.',
    todo: 'Start anew with `/agent retry`, or speak to the session with `/agent say`.',
  },
  'nothing-withheld': {
    kind: 'refusal',
    says: 'The last run here holds back no work that could be delivered.',
    todo: 'See how it went with `/agent explain`.',
  },
  'guard-stands': {
    kind: 'refusal',
    says: 'A guard refused the work that nobody may set aside here.',
    todo: 'Say how to mend it with `/agent say`, or change the workflow’s `guards.waive` on the default branch for runs to come.',
  },
  'already-running': {
    kind: 'refusal',
    says: 'A run is under way on this subject, and two at once would write over each other.',
    todo: 'Repeat the command when it has ended.',
  },
  'queue-full': {
    kind: 'refusal',
    says: 'As many commands wait on this subject as may.',
    todo: 'Repeat the command when one of them has started, or withdraw them with `/agent stop`.',
  },
  // Who asked, and from where
  'not-permitted': {
    kind: 'refusal',
    says: 'The author of the command lacks the access that the workflow asks for.',
    todo: 'Ask somebody with that access to give the command.',
  },
  'permission-unreadable': {
    kind: 'refusal',
    says: 'GitHub did not say what the author of the command may do, so nothing was started.',
    todo: 'Repeat the command later; if it persists, check the App’s permissions.',
  },
  fork: {
    kind: 'refusal',
    says: 'The pull request comes from a fork, and runs on forks are not started.',
    todo: 'Push the branch to this repository and open the pull request from there.',
  },
  'head-moved': {
    kind: 'refusal',
    says: 'The branch was pushed to after the command was given.',
    todo: 'Look at the new head and repeat the command.',
  },
  'command-stale': {
    kind: 'refusal',
    says: 'Purser heard of the command more than a day after it was given.',
    todo: 'Look at how things stand now and repeat the command.',
  },
  'daily-brake': {
    kind: 'refusal',
    says: 'Machines have started as many sessions of this workflow, or on this subject, within a day as is allowed.',
    todo: 'Wait until the earlier ones are a day old; a person can still start one by a comment.',
  },
  'not-default-branch': {
    kind: 'refusal',
    says: 'Only Actions workflows of the default branch may ask for a run.',
    todo: 'Start it from the default branch, or comment `/agent` on the pull request.',
  },
  'identity-invalid': {
    kind: 'refusal',
    says: 'The job could not prove which repository and Actions workflow it belongs to.',
    todo: 'Give the job `permissions: id-token: write` and check `app-url`.',
  },
  // What the repository declares
  'no-configuration': {
    kind: 'refusal',
    says: 'The repository declares no portfolios, so there is no budget to run under.',
    todo: 'Run `purser init`, commit `.github/purser/` to the default branch, and repeat.',
  },
  'configuration-invalid': {
    kind: 'refusal',
    says: 'What the repository declares on its default branch has problems.',
    todo: 'Run `purser check` on the default branch and mend what it names.',
  },
  'organisation-layer-unreadable': {
    kind: 'refusal',
    says: 'The repository inherits from its organisation, whose layer could not be read.',
    todo: 'Give the App access to the organisation’s `.github` or `.github-private` repository, or declare `inherit: none`.',
  },
  'already-there': {
    kind: 'refusal',
    says: 'There is something of that name already, and nothing is written over.',
    todo: 'Choose another name, or change what is there.',
  },
  'no-portfolio': {
    kind: 'refusal',
    says: 'The workflow is in no portfolio, so nothing pays for it.',
    todo: 'Add it to one portfolio in `.github/purser/portfolios.yml`.',
  },
  'experiment-over': {
    kind: 'refusal',
    says: 'The experiment that paid for the workflow has ended.',
    todo: 'Extend it, which can be done once and with a reason, or move the workflow into a portfolio.',
  },
  'model-without-price': {
    kind: 'refusal',
    says: 'The model has no known price, so its cost can’t be bounded.',
    todo: 'Choose a model of the price list or add its price under `models.prices` in `portfolios.yml`.',
  },
  // Money
  'no-room': {
    kind: 'refusal',
    says: 'What is left of the budget is less than the least this workflow can run with.',
    todo: 'Wait for the next period, let running work settle, or raise the budget on the default branch.',
  },
  'session-used-up': {
    kind: 'refusal',
    says: 'What is left under the session’s ceiling is less than the least that it can go on with.',
    todo: 'Raise the ceiling with `/agent resume cap=<usd>`, as far as the portfolio allows, or start a new session.',
  },
  'account-frozen': {
    kind: 'refusal',
    says: 'The account is frozen because a provider billed more than the proven bound.',
    todo: 'Whoever runs the App mends the price and releases the account with `purser thaw`.',
  },
  'confirmation-needed': {
    kind: 'refusal',
    says: 'The quote is above what the portfolio starts without asking.',
    todo: 'Comment `/agent go` to go on at that price.',
  },
  'ledger-unreachable': {
    kind: 'both',
    says: 'The ledger could not be reached, so nothing new is spent.',
    todo: 'Repeat when the App answers again.',
  },
  // The runner's door
  'app-unreachable': {
    kind: 'refusal',
    says: 'The App at `app-url` did not answer, so nothing was spent.',
    todo: 'Check `app-url` and that the App is running; leave `app-url` out to run under per-run caps alone.',
  },
  'app-required': {
    kind: 'refusal',
    says: 'The repository forbids runs without the App.',
    todo: 'Set `app-url`, or allow it with `without-app: caps` in `portfolios.yml`.',
  },
  'run-unknown': {
    kind: 'refusal',
    says: 'The App knows no such run for this repository.',
    todo: 'Start it by a comment, or ask for a run by naming a workflow.',
  },
  'already-claimed': {
    kind: 'refusal',
    says: 'Another job has claimed this run.',
    todo: 'Nothing: the job that claimed it goes on. To run again, repeat the command.',
  },
  'run-over': {
    kind: 'refusal',
    says: 'The run has ended; its hold is settled.',
    todo: 'Start another with the same command.',
  },
  'dispatch-failed': {
    kind: 'refusal',
    says: 'GitHub did not start the Actions run.',
    todo: 'Check that `.github/workflows/purser.yml` is on the default branch, enabled, and that Actions are allowed.',
  },
  'bad-request': {
    kind: 'refusal',
    says: 'The request is not of the form that this door takes.',
    todo: 'Use the Action of the same version as the App.',
  },
  'no-key': {
    kind: 'refusal',
    says: 'There is no model key.',
    todo: 'Give `api-key` (a secret of the `purser` environment) or set OPENAI_API_KEY.',
  },
  'program-missing': {
    kind: 'refusal',
    says: 'A command-line agent that the workflow uses is not installed on this machine.',
    todo: 'Install it by a step before the run, at the version that the refusal names.',
  },
  'sandbox-unavailable': {
    kind: 'refusal',
    says: 'Commands can’t be confined on this machine, so none is run.',
    todo: 'Install bubblewrap and allow user namespaces; `purser init` writes the steps a hosted runner needs.',
  },
  // How a run that started came to its end
  'nothing-to-deliver': {
    kind: 'conclusion',
    says: 'The run ended in order and changed nothing.',
    todo: 'Nothing, or state the goal more precisely.',
  },
  'nothing-to-do': {
    kind: 'conclusion',
    says: 'What the workflow asks beforehand said that there is nothing to do, so no model was called.',
    todo: 'Nothing; run it again when there is.',
  },
  'precondition-failed': {
    kind: 'conclusion',
    says: 'A command that decides whether work is needed ended with neither yes (exit 0) nor no (exit 1).',
    todo: 'Look at its output in the report; mend the command or what it needs, and run again.',
  },
  'cap-reached': {
    kind: 'conclusion',
    says: 'The next useful model call would not have fitted under the cap.',
    todo: 'The work so far is kept; raise the cap or narrow the goal, and run again.',
  },
  overage: {
    kind: 'conclusion',
    says: 'A provider billed more for a model call than the proven bound, so no more was sent.',
    todo: 'The work so far is kept. Look for the wrong price, or for an endpoint that ignores `max_completion_tokens`: `models.endpoint.output-limit: max_tokens` is for those. Mend it, and run again.',
  },
  'guard-paths': {
    kind: 'conclusion',
    says: 'The work touches paths that the workflow may not touch.',
    todo: 'Look at the work in the report; a maintainer can change the guard on the default branch.',
  },
  'guard-diff': {
    kind: 'conclusion',
    says: 'The work is larger than the workflow allows.',
    todo: 'Narrow the goal, or change the guard on the default branch.',
  },
  'guard-command': {
    kind: 'conclusion',
    says: 'A command that must pass on the finished work did not pass.',
    todo: 'Look at its output in the report.',
  },
  'guard-files': {
    kind: 'conclusion',
    says: 'The work contains a file that can’t be delivered: a link, a submodule, text that is shown out of order, an oversize file, or one in the place of files that the work does not delete.',
    todo: 'Look at the report for the file and the reason.',
  },
  'guard-waived': {
    kind: 'conclusion',
    says: 'A guard had withheld the work, and a maintainer had it delivered all the same.',
    todo: 'Nothing; look at it more closely than at other work.',
  },
  'awaits-approval': {
    kind: 'conclusion',
    says: 'The work is done and every guard passed; it waits for a person to look at it, as its workflow asks.',
    todo: 'Look at it in the session’s comment, and deliver it with `/agent deliver` or have it changed with `/agent say`.',
  },
  'approval-lapsed': {
    kind: 'conclusion',
    says: 'Nobody has approved the work in time, so it was not delivered.',
    todo: 'Changed files are on the side branch named in the comment, words are in the report; `/agent deliver` still delivers them.',
  },
  unapproved: {
    kind: 'conclusion',
    says: 'The workflow asks for a person’s approval, and there is nobody here who could be asked; so the work was not delivered.',
    todo: 'Changed files are on a side branch, words are in the report: take them from there. To be asked, use the App on a pull request or an issue.',
  },
  'guard-secrets': {
    kind: 'conclusion',
    says: 'The work contains a secret of this run, or what looks like somebody’s credential.',
    todo: 'Look at the file and line that the report names; if the value is real, revoke it.',
  },
  'guard-tests': {
    kind: 'conclusion',
    says: 'The work deletes, skips or weakens tests, and the workflow withholds such work.',
    todo: 'Look at the tests that the report names; if they are right so, set `guards.tests: name`, or let a maintainer set the guard aside with `waive: [tests]`.',
  },
  'step-failed': {
    kind: 'conclusion',
    says: 'A command step failed.',
    todo: 'Look at its output in the report.',
  },
  'attempts-exhausted': {
    kind: 'conclusion',
    says: 'The command that a step works towards still failed after the last attempt.',
    todo: 'Look at the work and the output in the report.',
  },
  'turns-exhausted': {
    kind: 'conclusion',
    says: 'An agent used all its turns.',
    todo: 'The work so far is kept; narrow the goal or raise the workflow’s turns.',
  },
  'context-exhausted': {
    kind: 'conclusion',
    says: 'A step’s conversation became longer than its model can read, also after it was made shorter once.',
    todo: 'The work so far is kept; narrow the goal, split the step, or use a model with a larger context.',
  },
  'time-exhausted': {
    kind: 'conclusion',
    says: 'The run reached its time limit.',
    todo: 'The work so far is kept; narrow the goal or raise the workflow’s minutes.',
  },
  'mcp-server-failed': {
    kind: 'conclusion',
    says: 'A server of an agent’s `mcp-servers` could not be started or asked, or does not offer a tool that the agent names.',
    todo: 'Look at the message for the server and why; what it needs has to be installed by `setup`.',
  },
  'setup-failed': {
    kind: 'conclusion',
    says: 'The setup command failed before any model was called.',
    todo: 'Look at its output in the report.',
  },
  'checkout-failed': {
    kind: 'conclusion',
    says: 'The commit the run is pinned to could not be fetched.',
    todo: 'Check that the branch still exists and that the job may read contents.',
  },
  'model-failed': {
    kind: 'conclusion',
    says: 'The model’s provider answered with errors.',
    todo: 'Repeat later; what was spent is in the report.',
  },
  'model-refused': {
    kind: 'conclusion',
    says: 'The model, or a filter of its provider, would not answer.',
    todo: 'Look at what it said in the report; state the goal differently or use another model.',
  },
  'output-invalid': {
    kind: 'conclusion',
    says: 'An agent’s last answer does not satisfy the schema that the step declares, also after it was told what is wrong.',
    todo: 'Look at the answer in the report; simplify the step’s `output` or use another model.',
  },
  'head-moved-on': {
    kind: 'conclusion',
    says: 'The branch moved while the run worked, and the work no longer applies to it.',
    todo: 'The work stands on the side branch named in the comment.',
  },
  'delivery-refused': {
    kind: 'conclusion',
    says: 'GitHub refused the delivery.',
    todo: 'The work is kept in the report; look at the branch’s rules.',
  },
  cancelled: {
    kind: 'both',
    says: 'The run was stopped.',
    todo: 'Start it again with the same command.',
  },
  paused: {
    kind: 'both',
    says: 'The run was told to rest; its work and its conversation are kept.',
    todo: 'Go on with `/agent resume`; a run at a terminal with `purser run --resume` and its session.',
  },
  'checkpoint-unusable': {
    kind: 'both',
    says: 'The checkpoint to go on from does not fit this run.',
    todo: 'Start the workflow anew; the checkpoint’s work is kept where it is.',
  },
  lost: {
    kind: 'conclusion',
    says: 'The job ended without a report; what it had drawn is counted as spent.',
    todo: 'Look at the Actions run; start again with the same command.',
  },
  'never-started': {
    kind: 'conclusion',
    says: 'GitHub never started the job; nothing was spent.',
    todo: 'Check Actions’ billing and that the Actions workflow is enabled, then repeat the command.',
  },
  internal: {
    kind: 'conclusion',
    says: 'Something in Purser went wrong.',
    todo: 'The log names it; please report it.',
  },
} as const satisfies Record<string, Reason>

export type ReasonCode = keyof typeof reasons

export const reasonCodes = Object.keys(reasons) as [ReasonCode, ...ReasonCode[]]

/**
 * An expected "no". `message` says what is wrong here, with the numbers; `todo` who can change it and how.
 * A value, never thrown.
 */
export interface Refusal {
  readonly refused: true
  readonly reason: ReasonCode
  readonly message: string
  readonly todo: string
}

/** Makes a refusal; without a `message` the registry's own sentence stands. */
export function refuse(reason: ReasonCode, message?: string, todo?: string): Refusal {
  return { refused: true, reason, message: message ?? reasons[reason].says, todo: todo ?? reasons[reason].todo }
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value && value.refused === true
}
