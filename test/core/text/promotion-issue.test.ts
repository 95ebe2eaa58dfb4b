import { describe, expect, test } from 'vitest'
import { promotionSchema } from '../../../core/config/promotion.ts'
import { evaluateTrial } from '../../../core/promotion/measure.ts'
import { rejections } from '../../../core/promotion/rejection.ts'
import { trialOf } from '../../../core/text/marker.ts'
import { type PromotionView, promotionIssue } from '../../../core/text/promotion-issue.ts'
import { promotion, rejectedRun, runsOf, side } from './views.ts'

const { title, body, labels } = promotionIssue(promotion())

function section(heading: string, text = body): string {
  const found = text.split(/^## /m).find((part) => part.startsWith(heading))
  if (found === undefined) throw new Error(`no section "${heading}"`)
  return found
}

describe('what a maintainer is shown', () => {
  test('the decision, in short, first', () => {
    expect(title).toBe('Make refactor+tests/tests-first the standard refactor+tests')
    expect(labels).toEqual(['promotion: proposed'])
    expect(trialOf(body)).toEqual({ workflow: 'refactor+tests', variant: 'tests-first', settled: 20 })
    expect(body.split('\n')[1]).toBe(
      '**`refactor+tests/tests-first` met every public threshold twice in a row: at 10 and at 20 settled runs.** It is ' +
        'proposed as the new standard `refactor+tests`. Of its 20 settled runs 18 were accepted (baseline: 13 of 20), at ' +
        '$0.56 for each accepted run (baseline: $0.69). Nothing changes until a maintainer decides.',
    )
    expect(body).toContain('Worked out by squad **payments**, which gets the credit.')
  })

  test('the overlay as it was written', () => {
    const change = section('What the variant changes')
    expect(change).toContain('`.github/purser/catalog/refactor+tests/variants/tests-first.yml`')
    expect(change).toContain(`\`\`\`yaml\n${promotion().overlaySource}\`\`\``)
  })

  test('guards that it loosens are named, not only to be found in the overlay', () => {
    expect(section('What the variant changes')).not.toContain('guards less')
    const weakened = [{ path: ['guards', 'run'], words: 'no longer has `npm run lint`' }]
    const { body } = promotionIssue(promotion({ weakened }))
    expect(body).toContain('**It guards less than the baseline:**')
    expect(body).toContain('- `guards.run` no longer has')
  })

  test('each threshold beside its numbers at both checkpoints', () => {
    const thresholds = section('The thresholds')
    expect(thresholds).toContain('| needed | at 10 settled runs (2026-11-20) | at 20 settled runs (2026-12-04) |')
    for (const { required, measured = '' } of promotion().checkpoints[1]?.measures ?? []) {
      expect(thresholds).toContain(required)
      expect(thresholds).toContain(`${measured} ✓`)
    }
    expect(thresholds).toContain('| **Accepted** | at least 80% accepted | 90% (9 of 10) ✓ | 90% (18 of 20) ✓ |')
    expect(thresholds).not.toContain('✗')
  })

  test('the variant beside its baseline, the interval marked as deciding nothing', () => {
    const sides = section('The variant beside its baseline')
    for (const row of [
      '| settled runs | 20 | 20 |',
      '| of these chosen / assigned | 20 / 0 | 0 / 20 |',
      '| accepted | 90% (18 of 20) | 65% (13 of 20) |',
      '| 95% interval of accepted (shown, never decides) | 70% to 97% | 43% to 82% |',
      '| reworked | 0% (0 of 20) | 0% (0 of 20) |',
      '| rejected | 10% (2 of 20) | 35% (7 of 20) |',
      '| reverted | 0% (0 of 20) | 0% (0 of 20) |',
      '| unknown, beside the settled | 0% (0 of 20) | 0% (0 of 20) |',
      '| different subjects | 20 | 20 |',
      '| cost in all | $10.00 | $9.00 |',
      '| cost for each accepted run | $0.56 | $0.69 |',
    ]) {
      expect(sides).toContain(row)
    }
  })

  test('three accepted and all rejected examples, each with its pull request, cost and rule', () => {
    const examples = section('Examples')
    expect(examples.match(/, accepted \(/g)).toHaveLength(3)
    expect(examples.match(/, rejected \(/g)).toHaveLength(2)
    expect(examples).toContain(
      '- [#118](https://github.com/acme/shop/pull/118), 2026-11-07, cost $0.50, rejected (built-in rule 5: closed without a merge)',
    )
  })

  test('how to approve and how to refuse, with every reason there is', () => {
    const decide = section('How to decide')
    expect(decide).toContain('**Approve:** add the label `promotion: approved` or comment `/agent promote`.')
    expect(decide).toContain('comment `/agent reject <reason>`')
    for (const [reason, says] of Object.entries(rejections.promote))
      expect(decide).toContain(`\`rejected: ${reason}\`: ${says}`)
    expect(decide).toContain('After 14 days it is listed as overdue.')
  })

  test('what decides a sunset beside its numbers, and that the command to approve it means the sunset', () => {
    const sunset = promotionIssue(promotion({ decision: 'sunset' })).body
    expect(section('What decides a sunset', sunset)).toContain(
      '| **Accepted** | below 40%, twice in a row | 90% (9 of 10) | 90% (18 of 20) |',
    )
    expect(section('The thresholds of a promotion, for comparison', sunset)).toContain('at least 80% accepted')
    expect(section('How to decide', sunset)).toContain('`/agent promote`, which approves the sunset here.')
    expect(section('How to decide', sunset)).toContain(
      '`rejected: needed`: it does what nothing else in the catalog does',
    )
    expect(sunset).not.toContain('rejected: too-dear')
    expect(body).not.toContain('What decides a sunset')
  })

  test('that it is overdue, at the top, once it is', () => {
    const overdue = promotionIssue(promotion({ overdueSince: '2026-11-20' })).body
    expect(overdue.split('\n')[3]).toBe('**Overdue:** proposed on 2026-11-20, and undecided for more than 14 days.')
  })

  test('whether the difference may be chance, in words', () => {
    expect(section('The variant beside')).toContain('The intervals overlap: the difference in what was accepted may be')
    const worlds = { variantSide: side(runsOf(100, 60, 0)), baselineSide: side(runsOf(200, 6, 54)) }
    expect(section('The variant beside', promotionIssue(promotion(worlds)).body)).toContain(
      'The intervals do not overlap',
    )
  })

  test('a cost for each accepted run is not made up where none was accepted', () => {
    const none = side(runsOf(100, 0, 5))
    const opening = (more: Partial<PromotionView>) => promotionIssue(promotion(more)).body.split('\n')[1]
    expect(opening({ variantSide: none })).toContain(
      'Of its 5 settled runs 0 were accepted (baseline: 13 of 20); no run was accepted, so there is no cost for each ' +
        'accepted run (baseline: $0.69).',
    )
    expect(opening({ baselineSide: none })).toContain('at $0.56 for each accepted run (baseline: no run was accepted')
  })

  test('how to recompute it, and every run to do so with', () => {
    const recompute = section('How to recompute it')
    expect(recompute).toContain('in the last 60 days')
    expect(recompute).toContain('`0123456789ab`')
    // Labels, merges and closes are judgements: only their counting is not.
    expect(recompute).toContain('People judged the work by what they did with it')
    expect(recompute).not.toMatch(/nobody/)
    for (const { runs } of [promotion().variantSide, promotion().baselineSide]) {
      for (const run of runs) expect(recompute).toContain(`| [${run.subject}](${run.subjectUrl}) | ${run.day} |`)
    }
  })
})

describe('when the evidence is thin or huge', () => {
  const rules = promotionSchema.parse({})
  const nothing = side([])

  test('missing data is said to be missing', () => {
    const measures = evaluateTrial(rules, nothing.tally, nothing.tally).measures
    const empty = promotionIssue(
      promotion({
        variantSide: nothing,
        baselineSide: nothing,
        checkpoints: [{ settled: 10, day: '2026-11-20', measures }],
      }),
    )
    expect(section('The thresholds', empty.body)).toContain('| **Accepted** | at least 80% accepted | no data ✗ |')
    expect(section('The variant beside', empty.body)).toContain(
      '| cost for each accepted run | none was accepted | none was accepted |',
    )
    expect(section('Examples', empty.body)).toContain('No run was accepted.\n\n**Rejected:** none.')
  })

  test('it always fits into an issue, and says how much was left out', () => {
    const rule = `portfolios.yml outcomes[0]: ${'labelled with many words '.repeat(20)}`
    const long = { subjectUrl: `https://github.com/${'o'.repeat(39)}/${'n'.repeat(100)}/pull/1234567`, rule }
    const many = side(runsOf(1_000, 500, 500, long).map((run) => ({ ...run, rule })))
    const overlaySource = 'steps: # a long overlay\n'.repeat(8_000)
    const issue = promotionIssue(promotion({ variantSide: many, baselineSide: many, overlaySource }))
    expect(issue.body.length).toBeLessThanOrEqual(65_536)
    expect(issue.body).toMatch(/- and \d+ more, which are not shown here/)
    expect(issue.body).toMatch(/and \d+ more, which are not shown here\./)
    expect(issue.body).toMatch(/\d+ more lines are in the file/)
    // Nothing that was opened stays open.
    expect(issue.body.match(/<details>/g)).toHaveLength(issue.body.match(/<\/details>/g)?.length ?? -1)
    expect(issue.body.match(/^```/gm)).toHaveLength(2)
  })

  test('runs that the caller cut off are counted by the tally, not by the list', () => {
    const runs = runsOf(1, 8, 30)
    const cut = { ...side(runs), runs: runs.slice(0, 20) }
    const { body: text } = promotionIssue(promotion({ variantSide: cut }))
    expect(section('Examples', text)).toContain('**Rejected** (all 30)')
    expect(section('Examples', text)).toContain('and 18 more')
    expect(section('The variant beside', text)).toContain('| of these chosen / assigned | 38 / 0 |')
  })
})

test('a sunset says so, thanks nobody for winning, and has labels of its own', () => {
  const losing = side(runsOf(100, 6, 14, { ...rejectedRun, outcome: 'accepted' }))
  const issue = promotionIssue(promotion({ decision: 'sunset', variantSide: losing }))
  expect(issue.title).toBe('Retire the variant refactor+tests/tests-first')
  expect(issue.labels).toEqual(['sunset: proposed'])
  expect(issue.body).toContain(
    '**Fewer than 40% of the runs of `refactor+tests/tests-first` were accepted, twice in a row',
  )
  expect(issue.body).toContain('Tried out by squad **payments**.')
  expect(issue.body).toContain('`sunset: approved`')
})
