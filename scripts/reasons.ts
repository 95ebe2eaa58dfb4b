/** Writes `docs/reasons.md` out of the registry in `core/reason.ts`; with `--check` it compares and exits 1 when stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { type ReasonCode, reasons } from '../core/reason.ts'
import { termsOf, termsText } from '../core/refusal-terms.ts'

const FILE = new URL('../docs/reasons.md', import.meta.url)

/** The page: refusals first, then conclusions, then what can be either, each code a heading that can be linked to. */
export function reasonsPage(): string {
  return [
    '<!-- Written by `npm run generated` from core/reason.ts and core/refusal-terms.ts; change it there. -->',
    '# Reasons',
    'Every “no” and every end other than a plain `completed` names one of these codes: in the comment on GitHub, in the' +
      ' check run, in the job’s `reason` output, and in what `purser --json` prints.',
    '## Refusals\n\nNothing was started and nothing was spent.',
    ...entries('refusal'),
    '## Conclusions\n\nThe run started, and this is how it came to its end. What it spent until then is spent.',
    ...entries('conclusion'),
    '## Both\n\nBefore a run starts this is a refusal, and nothing was spent. In the midst of one it is its end; what was spent until' +
      ' then is spent.',
    ...entries('both'),
  ]
    .join('\n\n')
    .concat('\n')
}

function entries(kind: (typeof reasons)[ReasonCode]['kind']): readonly string[] {
  return Object.entries(reasons)
    .filter(([, reason]) => reason.kind === kind)
    .map(([code, reason]) => {
      const terms = termsOf(code as ReasonCode)
      const said = [`### \`${code}\``, reason.says, `**What to do:** ${reason.todo}`]
      return [...said, ...(terms === undefined ? [] : [termsText(terms)])].join('\n\n')
    })
}

if (import.meta.main) {
  const page = reasonsPage()
  if (!process.argv.includes('--check')) writeFileSync(FILE, page)
  else if (readFileSync(FILE, { encoding: 'utf8', flag: 'a+' }) !== page) {
    console.error('docs/reasons.md is stale; run `npm run generated`')
    process.exitCode = 1
  }
}
