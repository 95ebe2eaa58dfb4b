/** `incident-triage` and its variant on the till: from a receipt that is a cent short to the line and the commit. */
import { conversation } from '../../world/model-script.ts'
import { call } from './turns.ts'

export const triage = conversation('Triage this incident for the people', [
  { toolCalls: [call('search', { pattern: 'Paid:' }), call('list', { path: 'src' })] },
  { toolCalls: [call('read', { path: 'src/receipt.js' }), call('read', { path: 'src/split.js' })] },
  // It tries what its agent has no tool for, and goes on without.
  { toolCalls: [call('write', { path: 'src/split.js', content: '' }), call('run', { command: 'npm test' })] },
  {
    text: [
      'Shares are rounded down and the remainder is dropped; shown by the code.',
      '',
      '1. **Lost remainder**: `src/split.js:4` gives every payer the rounded-down share; for 1000 cents among 3 the sum at `src/receipt.js:7` is 999. Suspect: "Simplify split()". Confirm: `split(1000, 3)`; rule out: a receipt that is short although the amount divides evenly.',
      '',
      'To limit the damage now: revert "Simplify split()"; it changes no signature.',
      '',
      'Not known: how many bills were printed since.',
    ].join('\n'),
  },
])

export const quickTriage = conversation('Take a first look at this incident', [
  { toolCalls: [call('search', { pattern: 'floor' }), call('read', { path: 'src/split.js' })] },
  { text: 'The remainder is dropped at `src/split.js:4`; likely. Suspect: "Simplify split()". Revert it.' },
])
