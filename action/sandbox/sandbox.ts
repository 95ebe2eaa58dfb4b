/**
 * Where commands run. With bubblewrap: the machine's files read-only and its private places hidden, the workspace
 * alone writable, no network, and process, mount and IPC namespaces of their own. A command that may reach some hosts, or
 * a service of the runner, gets *doors*: sockets of processes outside. The environment is clean in every case, and it is
 * clean where bubblewrap itself is started: as process 1 of the sandbox its own environment can be read from inside, so
 * `--clearenv` would hide nothing.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, extname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Refusal, refuse } from '../../core/reason.ts'
import { type CommandResult, OUTPUT_KEPT_BYTES_MAX, runProcess } from './process.ts'

const BWRAP_PLACES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap']
const PROBE_TIMEOUT_MS = 5_000
/** Without start-up files, which bash also reads when its standard input is a socket. */
const BASH = ['--norc', '--noprofile', '-c']
/** The same in every run, so that what commands print and prompts contain does not vary. */
const WORK = '/tmp/repo'
const HOME = '/tmp/home'
const INSIDE = '/tmp/purser'
/** Of one file, in the blocks of 1,024 bytes that bash counts in. */
const FILE_BLOCKS_MAX = 8 * 1024 * 1024
const PROCESSES_MAX = 8_192
/**
 * No core dumps, in which memory would outlive the process; and where the machine runs out of memory, a command is ended before the
 * runner, which has paid for all that came before it. On the script's own line, so that its lines keep their numbers.
 */
const LIMITS = `{ ulimit -c 0 -f ${FILE_BLOCKS_MAX} -u ${PROCESSES_MAX}; echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; `

export interface SandboxPlaces {
  /** The checkout; writable. */
  readonly workDir: string
  /** An empty directory for `HOME`, where there is no private one. */
  readonly homeDir: string
  /** Where the output of each command is kept; not visible from inside. */
  readonly outputDir: string
  /** Directories of this job that nobody inside may read. */
  readonly hidden: readonly string[]
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** The hosts that it may reach, as a workflow declares them; none when left out. */
  readonly network?: readonly string[] | undefined
  readonly doors?: readonly Door[] | undefined
  /** It can't write to the workspace. */
  readonly onlyReads?: boolean | undefined
  /** Folders that it may read although they lie in a hidden place. */
  readonly shown?: readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

/** A socket of this process that a command reaches at an address of its own. */
export interface Door {
  readonly socket: string
  /** What tells the command of it; `{address}` in a value stands for host and port. */
  readonly env: Readonly<Record<string, string>>
}

export interface SandboxedResult extends CommandResult {
  readonly number: number
  /** `host:port` of what it wanted to reach and may not. */
  readonly refusedHosts: readonly string[]
}

export interface Sandbox {
  readonly kind: 'bubblewrap' | 'none'
  /** Runs a script by `bash`, in the workspace. Whatever the script does, the result says so: it never rejects for that. */
  run(script: string, options: CommandOptions): Promise<SandboxedResult>
  /**
   * Starts a program that is spoken to while it runs, in a process group of its own that its caller ends. It may read the
   * workspace and not change it, since tools rely on nothing changing beside them. `network`: as of a command.
   */
  start(
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    network: readonly string[],
  ): Promise<ChildProcessWithoutNullStreams>
  /** Keeps a text as if a command had printed it; answers its number. */
  keepOutput(text: string): number
  /** The output of the command with that number, kept on disk. */
  outputFile(number: number): string
  readonly commandsRun: number
  /** Numbers the commands from here on, so that output of an earlier run of the session keeps its names. */
  countFrom(number: number): void
}

/** `wanted: 'none'` is for a machine whose owner said so in as many words: the demo, and `purser run --no-sandbox`. */
export async function openSandbox(
  places: SandboxPlaces,
  wanted: 'bubblewrap' | 'none',
  environment: NodeJS.ProcessEnv,
): Promise<Sandbox | Refusal> {
  for (const dir of [places.homeDir, places.outputDir]) mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (wanted === 'none') return makeSandbox('none', places, environment, unconfined)
  const bwrap = BWRAP_PLACES.find((path) => existsSync(path))
  if (bwrap === undefined) {
    return refuse('sandbox-unavailable', 'Commands can’t be confined: bubblewrap (`bwrap`) is not installed.')
  }
  const confined = makeSandbox('bubblewrap', places, environment, (script, options) => [
    bwrap,
    [
      ...confinement(places, environment, options),
      ...behindDoors(options.doors.map(inside), ['bash', ...BASH, script]),
    ],
  ])
  const probe = await confined.run('true', { timeoutMs: PROBE_TIMEOUT_MS })
  if (probe.ended === 'exited' && probe.exitCode === 0) return confined
  return refuse(
    'sandbox-unavailable',
    `Commands can’t be confined: bubblewrap is installed but does not work here (${probe.head.trim() || probe.ended}).`,
    'On a hosted runner add the AppArmor profile that `purser init` writes, or `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as a step before this one.',
  )
}

interface Opened {
  readonly doors: readonly Door[]
  readonly shown: readonly string[]
  /** The workspace can't be written to. */
  readonly onlyReads: boolean
}

type CommandLine = (script: string, opened: Opened) => readonly [string, readonly string[]]

function makeSandbox(
  kind: Sandbox['kind'],
  places: SandboxPlaces,
  environment: NodeJS.ProcessEnv,
  commandLine: CommandLine,
): Sandbox {
  let count = 0
  const outputFile = (number: number) => join(places.outputDir, `${number}.txt`)
  const cwd = kind === 'none' ? places.workDir : '/'
  // Where nothing is confined there is nothing to open.
  const openNetwork = async (hosts: readonly string[]) =>
    kind === 'none' || hosts.length === 0
      ? undefined
      : (await import('./sandbox-network.ts')).openNetwork(hosts, environment)
  const clean = cleanEnvironment(kind === 'none' ? places.homeDir : HOME, environment)
  return {
    kind,
    outputFile,
    get commandsRun() {
      return count
    },
    countFrom(number) {
      count = number
    },
    async start(command, env, hosts) {
      const network = await openNetwork(hosts)
      // Set inside: a variable as `LD_PRELOAD` would have bubblewrap itself load what it names, outside.
      const set = Object.entries(env).map(([name, value]) => `${name}=${value}`)
      const script = `exec env ${[...set, ...command].map(quoted).join(' ')}`
      const [file, args] = commandLine(LIMITS + script, { doors: network?.doors ?? [], shown: [], onlyReads: true })
      const child = spawn(file, args, { cwd, env: clean, stdio: 'pipe', detached: true })
      child.once('close', () => void network?.close())
      return child
    },
    keepOutput(text) {
      const number = count
      count += 1
      writeFileSync(outputFile(number), Buffer.from(text).subarray(0, OUTPUT_KEPT_BYTES_MAX), { mode: 0o600 })
      return number
    },
    async run(script, options) {
      const number = count
      count += 1
      const network = await openNetwork(options.network ?? [])
      const doors = [...(options.doors ?? []), ...(network?.doors ?? [])]
      const [file, args] = commandLine(LIMITS + script, {
        doors,
        shown: options.shown ?? [],
        onlyReads: options.onlyReads ?? false,
      })
      const result = await runProcess(file, args, {
        cwd,
        env: { ...clean, ...options.env },
        outputFile: outputFile(number),
        timeoutMs: options.timeoutMs,
        signal: options.signal,
      })
      await network?.close()
      return { ...result, number, refusedHosts: network?.refused() ?? [] }
    },
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll('\0', '').replaceAll("'", `'\\''`)}'`
}

function unconfined(script: string, { doors }: Opened): [string, readonly string[]] {
  const [file = 'bash', ...args] = behindDoors(
    doors.map((door) => ({ ...door, relay: RELAY })),
    ['bash', ...BASH, script],
  )
  return [file, args]
}

/** The program that gives doors their addresses lies beside this one; see `relay.ts`. */
const RELAY = import.meta.url.includes('/dist/')
  ? fileURLToPath(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/dist/'))}/dist/relay.cjs`)
  : fileURLToPath(new URL('./relay.ts', import.meta.url))
const RELAY_INSIDE = `${INSIDE}/relay${extname(RELAY) === '.ts' ? '.mts' : '.cjs'}`

interface PlacedDoor extends Door {
  readonly relay: string
}

/** The door as it is seen from inside. */
function inside(door: Door, index: number): PlacedDoor {
  return { socket: `${INSIDE}/door-${index}`, env: door.env, relay: RELAY_INSIDE }
}

function behindDoors(doors: readonly PlacedDoor[], command: readonly string[]): readonly string[] {
  const [first] = doors
  if (first === undefined) return command
  const told = doors.map(({ socket, env }) => ({ socket, env }))
  return [process.execPath, first.relay, JSON.stringify(told), ...command]
}

/** All that a command gets to see of this process's environment, besides the inputs it names. */
function cleanEnvironment(home: string, environment: NodeJS.ProcessEnv): Record<string, string> {
  return {
    PATH: environment.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    LANG: 'C.UTF-8',
    CI: 'true',
    TERM: 'dumb',
    NO_COLOR: '1',
  }
}

function confinement(
  places: SandboxPlaces,
  environment: NodeJS.ProcessEnv,
  { doors, shown, onlyReads }: Opened,
): string[] {
  const hidden = hiddenPlaces(places, environment)
  const again = [...new Set([...shownAgain(hidden, environment), ...shown.map((dir) => realpathSync(dir))])]
  return [
    ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--hostname', 'purser'],
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...hidden.flatMap((dir) => ['--tmpfs', dir]),
    ...again.flatMap((dir) => ['--ro-bind', dir, dir]),
    ...(doors.length === 0 ? [] : ['--ro-bind', RELAY, RELAY_INSIDE]),
    ...doors.flatMap((door, index) => ['--ro-bind', door.socket, inside(door, index).socket]),
    ...['--dir', HOME, onlyReads ? '--ro-bind' : '--bind', places.workDir, WORK, '--chdir', WORK, '--'],
  ]
}

/** Places where secrets or other people's work may lie: homes, temporary and run-time files, the job's own folders. */
function hiddenPlaces(places: SandboxPlaces, environment: NodeJS.ProcessEnv): string[] {
  const runnerWork = environment.RUNNER_TEMP === undefined ? [] : [dirname(resolve(environment.RUNNER_TEMP))]
  const candidates = [
    ...['/tmp', '/var/tmp', '/home', '/root', '/run', '/mnt', '/media', '/srv', '/var/lib/docker'],
    ...[homedir(), tmpdir(), environment.GITHUB_WORKSPACE, environment.RUNNER_TEMP],
    // A self-hosted runner keeps its registration's credentials beside its work folder.
    ...runnerWork.flatMap((work) => [work, dirname(work)]),
    ...places.hidden,
  ]
  const real = candidates.flatMap((dir) => (dir !== undefined && existsSync(dir) ? [realpathSync(dir)] : []))
  const outermost = [...new Set(real)].filter((dir) => dir !== sep)
  return outermost.filter((dir) => !outermost.some((other) => other !== dir && isBelow(dir, other)))
}

/** Tools that the machine's owner put on the PATH stay usable where they lie in a hidden place. */
function shownAgain(hidden: readonly string[], environment: NodeJS.ProcessEnv): string[] {
  const onPath = (environment.PATH ?? '').split(delimiter).filter((dir) => dir.startsWith('/') && existsSync(dir))
  const wanted = [...onPath.map((dir) => realpathSync(dir)), dirname(realpathSync(process.execPath))]
  return [...new Set(wanted)].filter((dir) => hidden.some((place) => isBelow(dir, place)))
}

function isBelow(path: string, dir: string): boolean {
  return path.startsWith(dir.endsWith(sep) ? dir : `${dir}${sep}`)
}
