/** The folder that a command looks at: given by its place or by `--dir`, which mean the same. */
export function folderOf(
  argument: string | undefined,
  option: string | undefined,
): string | { readonly usage: string } {
  if (argument !== undefined && option !== undefined) {
    return { usage: `two folders, ${argument} and ${option}; expected one; for example --dir ${option}` }
  }
  return argument ?? option ?? '.'
}
