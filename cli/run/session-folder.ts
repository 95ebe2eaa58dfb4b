/** Where `purser run` keeps a session as it goes: its log and its last checkpoint, in `.purser/sessions/<id>`. */
import { randomUUID } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import { journalPath, readJournal } from '../../action/money/journal.ts'
import { CHECKPOINT, type SavedSession, savedSessionSchema } from '../../action/session/checkpoint-file.ts'
import { EVENTS } from '../../action/session/recording.ts'
import { lockFile } from '../../app/database/lock.ts'

const FOLDER = '.purser/sessions'
/** The oldest ones beyond go when a new one begins. */
const SESSIONS_KEPT_MAX = 50
const SAVED_BYTES_MAX = 10_000_000
const ID = /^[0-9a-f]{8}$/
/** In a session's folder: the ids of those that went on from it, one a line. */
const WENT_ON = 'went-on'
/** In the folder of one that went on: the id of the first, whose ceiling it shares. */
const BEGAN_WITH = 'began-with'
/** In the folder of the first: held by whoever spends what is left of the ceiling. */
const LOCK = 'running.lock'

export interface SessionFolder {
  readonly id: string
  readonly dir: string
}

export interface HeldSession extends SessionFolder {
  /** Lets another run go on from it. */
  release(): void
}

/** The session that a new one goes on from. */
export interface GoesOn {
  /** By whatever it was called. */
  readonly from: string
  /** What the session had spent when this was planned. */
  readonly spentMicroUsd: bigint
}

/** Undefined where another run of the same session is under way, or has spent something since this one was planned. */
export function newSessionFolder(root: string, goesOn?: GoesOn): HeldSession | undefined {
  const folder = join(root, FOLDER)
  mkdirSync(folder, { recursive: true })
  for (const old of oldest(folder)) rmSync(join(folder, old), { recursive: true, force: true })
  const id = randomUUID().slice(0, 8)
  const dir = join(folder, id)
  const make = () => mkdirSync(dir, { mode: 0o700 })
  if (goesOn === undefined || isFromElsewhere(root, goesOn.from)) {
    make()
    return { id, dir, release: lockFile(join(dir, LOCK)) ?? (() => {}) }
  }
  const file = checkpointFile(root, goesOn.from)
  const before = dirname(file)
  const first = firstOf(before)
  const release = lockFile(join(folder, first, LOCK))
  if (release === undefined) return undefined
  const saved = readSavedSession(file)
  if ('problem' in saved || saved.checkpoint.spentMicroUsd !== goesOn.spentMicroUsd) {
    release()
    return undefined
  }
  make()
  writeFileSync(join(dir, BEGAN_WITH), first)
  appendFileSync(join(before, WENT_ON), `${id}\n`)
  return { id, dir, release }
}

/** The id of the session that the one in `dir` began with; its own where that is gone. */
function firstOf(dir: string): string {
  const file = join(dir, BEGAN_WITH)
  const first = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  return ID.test(first) && existsSync(join(dirname(dir), first)) ? first : basename(dir)
}

function oldest(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => ID.test(name))
    .map((name) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at)
    .slice(SESSIONS_KEPT_MAX - 1)
    .map(({ name }) => name)
}

/** `named`: a session's id, its folder, or a file of it. */
export function checkpointFile(root: string, named: string): string {
  return fileOf(root, named, CHECKPOINT)
}

/** A session that is kept elsewhere, or was copied from there: what was spent by others that went on from it stands nowhere here. */
export function isFromElsewhere(root: string, named: string): boolean {
  const [dir, kept] = [dirname(checkpointFile(root, named)), join(root, FOLDER)]
  return !ID.test(basename(dir)) || !existsSync(kept) || realpathSync(dirname(dir)) !== realpathSync(kept)
}

export function recordingFile(root: string, named: string): string {
  return fileOf(root, named, EVENTS)
}

function fileOf(root: string, named: string, file: string): string {
  const path = ID.test(named) ? join(root, FOLDER, named) : isAbsolute(named) ? named : resolve(named)
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, file) : path
}

/**
 * What a session has spent. Of a run that was killed its journal beside the checkpoint knows more, with the call that was under
 * way at its reservation; and whoever goes on from a checkpoint a second time has spent what the first time cost.
 */
function withSpent(saved: SavedSession, file: string): SavedSession {
  const { checkpoint, beforeMicroUsd = 0n } = saved
  const dir = dirname(file)
  const journaled = beforeMicroUsd + journaledIn(dir)
  const here = journaled > checkpoint.spentMicroUsd ? journaled : checkpoint.spentMicroUsd
  return { ...saved, checkpoint: { ...checkpoint, spentMicroUsd: here + spentSince(dir) } }
}

/** By all that went on from a session, and from those, each counted once: what is written there may lead in a circle. */
function spentSince(dir: string, counted = new Set([dir])): bigint {
  const file = join(dir, WENT_ON)
  if (!existsSync(file)) return 0n
  const ids = readFileSync(file, 'utf8')
    .split('\n')
    .filter((id) => ID.test(id))
  return ids.reduce((sum, id) => {
    const later = join(dirname(dir), id)
    if (counted.has(later)) return sum
    counted.add(later)
    return sum + journaledIn(later) + spentSince(later, counted)
  }, 0n)
}

function journaledIn(dir: string): bigint {
  return (readJournal(journalPath(dir)) ?? []).reduce((sum, { spentMicroUsd }) => sum + spentMicroUsd, 0n)
}

/** The session of a checkpoint's file, or in words why there is none. */
export function readSavedSession(file: string): SavedSession | { readonly problem: string } {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile())
    return {
      problem: `There is no checkpoint ${file}; expected the id that a run said at its end, or its checkpoint’s file.`,
    }
  if (stat.size > SAVED_BYTES_MAX) return { problem: `${file} has ${stat.size} bytes, too many for a checkpoint.` }
  try {
    const parsed = z.safeDecode(savedSessionSchema, JSON.parse(readFileSync(file, 'utf8')))
    if (parsed.success) return withSpent(parsed.data, file)
    return { problem: `${file} is no checkpoint: ${z.prettifyError(parsed.error).slice(0, 500)}` }
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: `${file} is no checkpoint: it is not JSON.` }
    throw error
  }
}
