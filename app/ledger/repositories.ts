/** Whose the newest runs are. It never changes, so that it need not be asked again. */

const RUNS_MAX = 10_000

export class RunRepositories {
  /** In the order in which they came. */
  readonly #repositories = new Map<string, string>()

  of(runId: string): string | undefined {
    return this.#repositories.get(runId)
  }

  remember(runId: string, repositoryId: string): void {
    this.#repositories.set(runId, repositoryId)
    const [oldest] = this.#repositories.size > RUNS_MAX ? this.#repositories.keys() : []
    if (oldest !== undefined) this.#repositories.delete(oldest)
  }
}
