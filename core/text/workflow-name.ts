/** `refactor+tests` for the baseline, `refactor+tests/tests-first` for a variant: as one writes it in a command. */
export function workflowName(named: { readonly workflow: string; readonly variant?: string | undefined }): string {
  return named.variant === undefined ? named.workflow : `${named.workflow}/${named.variant}`
}
