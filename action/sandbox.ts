/**
 * Where commands run. With bubblewrap: the machine's files read-only and its private places hidden, the workspace
 * alone writable, no network unless asked for, and process, mount and IPC namespaces of their own. The environment
 * is clean in every case, and it is clean where bubblewrap itself is started: as process 1 of the sandbox its own
 * environment can be read from inside, so `--clearenv` would hide nothing.
 */
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve, sep } from 'node:path'
import { type Refusal, refuse } from '../core/reason.ts'
import { type CommandResult, runProcess } from './process.ts'

const BWRAP_PLACES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap']
const PROBE_TIMEOUT_MS = 5_000
/** The same in every run, so that what commands print and prompts contain does not vary. */
/** Without start-up files, which bash also reads when its standard input is a socket. */
const BASH = ['--norc', '--noprofile', '-c']
const WORK = '/tmp/work'
const HOME = '/tmp/home'

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
  readonly network?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface Sandbox {
  readonly kind: 'bubblewrap' | 'none'
  /** Runs a script by `bash`, in the workspace. Never rejects. */
  run(script: string, options: CommandOptions): Promise<CommandResult & { readonly number: number }>
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
  if (wanted === 'none') return makeSandbox('none', places, environment, (script) => ['bash', [...BASH, script]])
  const bwrap = BWRAP_PLACES.find((path) => existsSync(path))
  if (bwrap === undefined) {
    return refuse('sandbox-unavailable', 'Commands can’t be confined: bubblewrap (`bwrap`) is not installed.')
  }
  const confined = makeSandbox('bubblewrap', places, environment, (script, network) => [
    bwrap,
    [...confinement(places, environment, network), 'bash', ...BASH, script],
  ])
  const probe = await confined.run('true', { timeoutMs: PROBE_TIMEOUT_MS })
  if (probe.ended === 'exited' && probe.exitCode === 0) return confined
  return refuse(
    'sandbox-unavailable',
    `Commands can’t be confined: bubblewrap is installed but does not work here (${probe.head.trim() || probe.ended}).`,
    'On a hosted runner add the AppArmor profile that `purser init` writes, or `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as a step before this one.',
  )
}

function makeSandbox(
  kind: Sandbox['kind'],
  places: SandboxPlaces,
  environment: NodeJS.ProcessEnv,
  commandLine: (script: string, network: boolean) => [string, string[]],
): Sandbox {
  let count = 0
  const outputFile = (number: number) => join(places.outputDir, `${number}.txt`)
  return {
    kind,
    outputFile,
    get commandsRun() {
      return count
    },
    countFrom(number) {
      count = number
    },
    async run(script, options) {
      const number = count
      count += 1
      const [file, args] = commandLine(script, options.network === true)
      const result = await runProcess(file, args, {
        cwd: kind === 'none' ? places.workDir : '/',
        env: { ...cleanEnvironment(kind === 'none' ? places.homeDir : HOME, environment), ...options.env },
        outputFile: outputFile(number),
        timeoutMs: options.timeoutMs,
        signal: options.signal,
      })
      return { ...result, number }
    },
  }
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

function confinement(places: SandboxPlaces, environment: NodeJS.ProcessEnv, network: boolean): string[] {
  const hidden = hiddenPlaces(places, environment)
  const shown = shownAgain(hidden, environment)
  const resolver = network ? resolverFile() : undefined
  return [
    '--unshare-all',
    ...(network ? ['--share-net'] : []),
    ...['--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--hostname', 'purser'],
    ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
    ...hidden.flatMap((dir) => ['--tmpfs', dir]),
    ...shown.flatMap((dir) => ['--ro-bind', dir, dir]),
    ...(resolver === undefined ? [] : ['--ro-bind', resolver, resolver]),
    ...['--dir', HOME, '--bind', places.workDir, WORK, '--chdir', WORK, '--'],
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

function resolverFile(): string | undefined {
  return existsSync('/etc/resolv.conf') ? realpathSync('/etc/resolv.conf') : undefined
}

function isBelow(path: string, dir: string): boolean {
  return path.startsWith(dir.endsWith(sep) ? dir : `${dir}${sep}`)
}
