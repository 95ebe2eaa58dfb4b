/** The Action's last step, which also runs when the job was cancelled. It must not fail a job that has ended. */
import './job/plain-schemas.ts'
import { settleLate } from './money/settle-late.ts'

settleLate().then(
  (said) => {
    if (said !== undefined) process.stdout.write(`${said}\n`)
  },
  (error) => {
    process.stdout.write(
      `::warning title=Purser::The run’s files could not be settled or removed: ${error instanceof Error ? error.name : 'unknown'}\n`,
    )
  },
)
