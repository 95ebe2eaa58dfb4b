/** What carries out each verb. */
import type { Verb } from '../../core/command/command.ts'
import type { CommandAt } from '../comment/command.ts'
import { ask } from './ask.ts'
import { deliver } from './deliver.ts'
import { explain } from './explain.ts'
import { fork } from './fork.ts'
import { go } from './go.ts'
import { help } from './help.ts'
import { list } from './list.ts'
import { offer } from './offer.ts'
import { pause } from './pause.ts'
import { promote } from './promote.ts'
import { quote } from './quote.ts'
import { reject } from './reject.ts'
import { resume } from './resume.ts'
import { retry } from './retry.ts'
import { run } from './run.ts'
import { say } from './say.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'

export const carryOut: Readonly<Record<Verb, (at: CommandAt) => Promise<void>>> = {
  run,
  quote,
  go,
  status,
  explain,
  say,
  ask,
  pause,
  resume,
  stop,
  retry,
  fork,
  deliver,
  promote,
  reject,
  offer,
  list,
  help,
}
