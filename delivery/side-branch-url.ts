/** The page of a side branch, which is how the ledger remembers it. */
const PAGE = /\/tree\/(purser[/-][\w/-]+)$/

/** `site`: the repository's own page. */
export function sideBranchUrl(site: string, branch: string): string {
  return `${site}/tree/${branch}`
}

export function sideBranchOf(url: string): string | undefined {
  return PAGE.exec(url)?.[1]
}
