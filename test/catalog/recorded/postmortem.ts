/** `postmortem` on the till: the first draft lacks a section, which the workflow's own check says. */
import { conversation } from '../../world/model-script.ts'
import { call } from './turns.ts'

const FILE = 'docs/postmortems/2026-11-20-cents-lost-in-bills.md'
const DRAFT = `# Cents lost in split bills

## Summary

Bills that do not divide evenly were short by up to one cent less than there were payers. Dealing the remainder out ended it.

## Impact

To be filled in: how many bills were printed meanwhile?

## Timeline

- To be filled in: when was the simplification released?

## Cause

\`split()\` rounded every share down and dropped what was left; \`src/split.js:4-6\` now deals it out. Nothing held a release back although \`test/split.test.js:9\` failed.

## Response

The failing test named the fault.
`
const FOLLOW_UPS = `
## Follow-ups

- Let no release go out while a test fails.
- Refuse in \`receipt()\` to print shares that do not add up.
- To be filled in: are customers owed anything?
`

export const postmortem = conversation('Draft the postmortem of this incident', [
  {
    toolCalls: [call('read', { path: 'src/split.js' }), call('read', { path: 'test/split.test.js' }), call('list', {})],
  },
  { toolCalls: [call('write', { path: FILE, content: DRAFT })] },
  { text: 'Drafted the postmortem.' },
  { toolCalls: [call('write', { path: FILE, content: `${DRAFT}${FOLLOW_UPS}` })] },
  { text: 'Cents lost in split bills\n\nDrafted from the change and the code; four questions are left for people.' },
])

/** A model that also "corrects" the code it writes about. */
export const meddling = conversation('Draft the postmortem of this incident', [
  {
    toolCalls: [
      call('write', { path: FILE, content: `${DRAFT}${FOLLOW_UPS}` }),
      call('write', { path: 'src/receipt.js', content: 'export const receipt = () => ""\n' }),
    ],
  },
  { text: 'Done.' },
])
