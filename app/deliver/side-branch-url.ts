/** The page of a side branch, which is how the ledger remembers it. */
const PAGE = /\/tree\/(purser\/[\w/-]+)$/

export function sideBranchUrl(siteUrl: string, repository: string, branch: string): string {
  return `${siteUrl}/${repository}/tree/${branch}`
}

export function sideBranchOf(url: string): string | undefined {
  return PAGE.exec(url)?.[1]
}
