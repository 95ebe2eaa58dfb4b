/**
 * What is handed over of a workspace that an agent's command has filled: very many files, and one of 1 GiB without content.
 * The runner's part of it, and git's, in memory and time; what comes out is a list that is cut and says so.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** A file system takes some tens of thousands of links to a file. */
const FILES_PER_FOLDER = 1_000
const GIBIBYTE = 2 ** 30
const LOOK_MS = 100

const collectedSchema = z.object({ files: z.number(), violations: z.array(z.string()), peakMb: z.number() })

export interface WorkspaceFigures {
  readonly files: number
  readonly seconds: number
  readonly runnerMb: number
  readonly gitMb: number
  readonly handedOver: number
  readonly violations: readonly string[]
}

export async function measureWorkspace(files: number): Promise<WorkspaceFigures> {
  const dir = mkdtempSync(join(tmpdir(), 'purser-workspace-'))
  try {
    fill(join(dir, 'work'), files)
    execFileSync('git', ['init', '--quiet', '--bare', join(dir, 'git')])
    const start = performance.now()
    const script = fileURLToPath(new URL('collect-workspace.ts', import.meta.url))
    const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    let [printed, gitKb] = ['', 0]
    child.stdout.on('data', (chunk) => {
      printed += chunk
    })
    const looking = setInterval(() => {
      gitKb = Math.max(gitKb, ...childrenOf(child.pid ?? 0).map(peakKb))
    }, LOOK_MS)
    await once(child, 'close')
    clearInterval(looking)
    const seconds = (performance.now() - start) / 1_000
    const { peakMb, violations, files: handedOver } = collectedSchema.parse(JSON.parse(printed))
    return { files, seconds, runnerMb: peakMb, gitMb: gitKb / 1_000, handedOver, violations }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function fill(workDir: string, files: number): void {
  mkdirSync(workDir)
  for (let folder = 0; folder * FILES_PER_FOLDER < files; folder += 1) {
    const path = join(workDir, `${folder}`)
    mkdirSync(path)
    const first = join(path, '0')
    writeFileSync(first, `${folder}\n`)
    for (let file = 1; file < Math.min(FILES_PER_FOLDER, files - folder * FILES_PER_FOLDER); file += 1) {
      linkSync(first, join(path, `${file}`))
    }
  }
  writeFileSync(join(workDir, 'huge'), '')
  truncateSync(join(workDir, 'huge'), GIBIBYTE)
}

function childrenOf(pid: number): number[] {
  const statOf = (id: string) => {
    try {
      return readFileSync(`/proc/${id}/stat`, 'utf8')
    } catch {
      // It has ended meanwhile.
      return ''
    }
  }
  const ids = readdirSync('/proc').filter((id) => /^\d+$/.test(id))
  return ids.filter((id) => Number(/\) \S (\d+)/.exec(statOf(id))?.[1]) === pid).map(Number)
}

export function peakKb(pid: number | 'self'): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
