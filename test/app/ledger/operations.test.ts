import { expect, it } from 'vitest'
import { onEachDatabase } from '../database/each-database.ts'
import { expectBalanced } from './balance.ts'
import { newRepository } from './scene.ts'
import { LedgerScript } from './script.ts'

/** A story a name; an operation a row, with its expected status and the account after it, in cents. */
const stories: Record<string, readonly (readonly [operation: string, answer: string])[]> = {
  'a run from its hold to its settlement': [
    ['reserve a 400', 'held 400 · 0 spent, 400 held of 1000'],
    ['claim a', 'epoch 1, drawn 100 · 0 spent, 400 held of 1000'],
    ['draw a 300', 'drawn 300 · 0 spent, 400 held of 1000'],
    ['draw a 200', 'drawn 300 · 0 spent, 400 held of 1000'],
    ['draw a 900', 'drawn 400 · 0 spent, 400 held of 1000'],
    ['settle a 150', 'spent 150 · 150 spent, 0 held of 1000'],
    ['settle a 150', 'repeated spent 150 · 150 spent, 0 held of 1000'],
    ['settle a 140', 'run-over · 150 spent, 0 held of 1000'],
    ['draw a 400', 'run-over · 150 spent, 0 held of 1000'],
    ['claim a', 'run-over · 150 spent, 0 held of 1000'],
    ['release a', 'left alone · 150 spent, 0 held of 1000'],
    ['reserve a 400', 'repeated 400 · 150 spent, 0 held of 1000'],
  ],
  'the room runs out': [
    ['reserve a 800', 'held 800 · 0 spent, 800 held of 1000'],
    ['reserve b 400 floor 200', 'held 200 · 0 spent, 1000 held of 1000'],
    ['reserve c 400 floor 200', 'no-room · 0 spent, 1000 held of 1000'],
    ['reserve c 400 floor 0', 'no-room · 0 spent, 1000 held of 1000'],
    ['release a', 'released · 0 spent, 200 held of 1000'],
    ['release a', 'left alone · 0 spent, 200 held of 1000'],
    ['reserve d 400 floor 200', 'held 400 · 0 spent, 600 held of 1000'],
  ],
  'small holds are drawn whole, for a first call must fit': [
    ['reserve a 40', 'held 40 · 0 spent, 40 held of 1000'],
    ['claim a', 'epoch 1, drawn 40 · 0 spent, 40 held of 1000'],
    ['reserve b 120', 'held 120 · 0 spent, 160 held of 1000'],
    ['claim b', 'epoch 1, drawn 50 · 0 spent, 160 held of 1000'],
  ],
  'one claimant, whose return makes the older claim worthless': [
    ['reserve a 400', 'held 400 · 0 spent, 400 held of 1000'],
    ['claim a one', 'epoch 1, drawn 100 · 0 spent, 400 held of 1000'],
    ['claim a other', 'already-claimed · 0 spent, 400 held of 1000'],
    ['claim a one', 'epoch 2, drawn 100 · 0 spent, 400 held of 1000'],
    ['draw a 200', 'drawn 200 · 0 spent, 400 held of 1000'],
    // It may have spent by now; nobody may spend that again.
    ['claim a one', 'already-claimed · 0 spent, 400 held of 1000'],
    ['release a', 'left alone · 0 spent, 400 held of 1000'],
    ['stop a', 'told · 0 spent, 400 held of 1000'],
  ],
  'a job that vanishes pays what it had drawn, and may prove that it was less': [
    ['reserve a 400', 'held 400 · 0 spent, 400 held of 1000'],
    ['lose a', 'left alone · 0 spent, 400 held of 1000'],
    ['claim a', 'epoch 1, drawn 100 · 0 spent, 400 held of 1000'],
    ['draw a 250', 'drawn 250 · 0 spent, 400 held of 1000'],
    ['lose a', 'lost 250 · 250 spent, 0 held of 1000'],
    ['lose a', 'left alone · 250 spent, 0 held of 1000'],
    ['settle a 30', 'late spent 30 · 30 spent, 0 held of 1000'],
    ['settle a 30', 'repeated spent 30 · 30 spent, 0 held of 1000'],
    ['settle a 0', 'run-over · 30 spent, 0 held of 1000'],
  ],
  'a late report never charges; what it shows beyond the draw is an overage': [
    ['reserve a 400', 'held 400 · 0 spent, 400 held of 1000'],
    ['claim a', 'epoch 1, drawn 100 · 0 spent, 400 held of 1000'],
    ['lose a', 'lost 100 · 100 spent, 0 held of 1000'],
    ['settle a 300', 'late overage spent 300 · 100 spent, 0 held of 1000, 200 over, frozen'],
  ],
  'a provider that bills more than the bound freezes the account': [
    ['reserve a 400', 'held 400 · 0 spent, 400 held of 1000'],
    ['claim a', 'epoch 1, drawn 100 · 0 spent, 400 held of 1000'],
    ['settle a 450', 'overage spent 450 · 400 spent, 0 held of 1000, 50 over, frozen'],
    ['reserve b 100', 'account-frozen · 400 spent, 0 held of 1000, 50 over, frozen'],
  ],
  'a raised budget counts at once, a lowered one with the next period': [
    ['budget 500', 'set · 0 spent, 0 held of 500'],
    ['budget 800', 'set · 0 spent, 0 held of 800'],
    ['budget 300', 'set · 0 spent, 0 held of 800'],
    ['budget 300 now', 'set · 0 spent, 0 held of 300'],
    ['budget 300 now', 'set · 0 spent, 0 held of 300'],
    ['budget 500', 'set · 0 spent, 0 held of 500'],
  ],
  'a budget cut below what is held shrinks the ceiling as holds settle': [
    ['reserve a 400', 'held 400 · 0 spent, 400 held of 1000'],
    ['reserve b 300', 'held 300 · 0 spent, 700 held of 1000'],
    ['budget 200 now', 'set · 0 spent, 700 held of 700'],
    ['reserve c 100', 'no-room · 0 spent, 700 held of 700'],
    ['claim a', 'epoch 1, drawn 100 · 0 spent, 700 held of 700'],
    ['settle a 400', 'spent 400 · 400 spent, 300 held of 700'],
    ['release b', 'released · 400 spent, 0 held of 400'],
    ['reserve d 100', 'no-room · 400 spent, 0 held of 400'],
  ],
  'where nothing is enforced the books are kept and nothing is refused': [
    ['budget 100 recorded', 'set · 0 spent, 0 held'],
    ['reserve a 400', 'held 400 · 0 spent, 400 held'],
    ['claim a', 'epoch 1, drawn 100 · 0 spent, 400 held'],
    ['settle a 300', 'spent 300 · 300 spent, 0 held'],
    ['reserve b 400', 'held 400 · 300 spent, 400 held'],
    ['budget 100', 'set · 300 spent, 400 held of 700'],
    ['release b', 'released · 300 spent, 0 held of 300'],
    ['budget 100 recorded', 'set · 300 spent, 0 held'],
  ],
  'a run that waits for go holds nothing until it is reserved': [
    ['propose a 400', 'waits · no account'],
    ['propose a 400', 'repeated · no account'],
    ['claim a', 'confirmation-needed · no account'],
    ['reserve a 400', 'held 400 · 0 spent, 400 held of 1000'],
    ['reserve a 400', 'repeated 400 · 0 spent, 400 held of 1000'],
    ['propose b 400', 'waits · 0 spent, 400 held of 1000'],
    ['stop b', 'ended · 0 spent, 400 held of 1000'],
    ['stop b', 'over · 0 spent, 400 held of 1000'],
  ],
  'what is not there': [
    ['claim x', 'run-unknown · no account'],
    ['draw x 1', 'run-unknown · no account'],
    ['settle x 1', 'run-unknown · no account'],
    ['release x', 'left alone · no account'],
  ],
  'a run that nobody claimed can be neither drawn nor settled': [
    ['reserve a 400', 'held 400 · 0 spent, 400 held of 1000'],
    ['draw a 100', 'run-unknown · 0 spent, 400 held of 1000'],
    ['settle a 100', 'run-unknown · 0 spent, 400 held of 1000'],
    ['release a', 'released · 0 spent, 0 held of 1000'],
    ['settle a 100', 'run-unknown · 0 spent, 0 held of 1000'],
    ['draw a 100', 'run-over · 0 spent, 0 held of 1000'],
  ],
}

onEachDatabase('the ledger, operation by operation', (database) => {
  it.each(Object.entries(stories))('%s', async (_name, rows) => {
    const { prisma, ledger } = database()
    const repositoryId = await newRepository(prisma)
    const script = new LedgerScript(ledger, repositoryId)
    const played: [string, string][] = []
    for (const [operation] of rows) {
      played.push([operation, await script.play(operation)])
      await expectBalanced(prisma, repositoryId)
    }
    expect(played).toEqual(rows)
  })
})
