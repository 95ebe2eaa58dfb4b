/** Lists that GitHub gives oldest first, read from their end within a bound. */

interface Page<Item> {
  readonly data: readonly Item[]
  readonly headers: { readonly link?: string | undefined }
}

/** Items of one page; GitHub's own bound. */
export const PAGE = 100
const PAGES_MAX = 3

/** The newest items, oldest first: at most `PAGE` times `PAGES_MAX`. */
export async function newest<Item>(ask: (page: number) => Promise<Page<Item>>): Promise<readonly Item[]> {
  const first = await ask(1)
  const last = Number(/[?&]page=(\d+)[^>]*>; rel="last"/.exec(first.headers.link ?? '')?.[1] ?? 1)
  const items: Item[] = []
  for (let page = Math.max(1, last - PAGES_MAX + 1); page <= last; page += 1) {
    items.push(...(page === 1 ? first : await ask(page)).data)
  }
  return items
}
