/** What the agent's words are called: their first line that says something, without the marks of a heading or of emphasis. */
export function headline(text: string): string {
  const line = text.split('\n').find((one) => one.trim() !== '') ?? ''
  // Each run of asterisks is tried from its beginning alone, since trying it from each of them takes its length squared.
  return line.replace(/^[#>*\s]+|(?<!\*)\*+\s*$/g, '')
}
