/**
 * Keeps the code that V8 compiled of the bundle, so that a later process need not compile it again. Node's own
 * `enableCompileCache` keeps a file's code as it is when the file was loaded: without the functions, which V8 compiles
 * at their first call. They are most of what a start takes, so what is kept here is taken when the process ends.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import Module from 'node:module'
import { dirname, join } from 'node:path'
import { constants, Script } from 'node:vm'
import { crc32 } from 'node:zlib'

/** A later process that ran further keeps its own code, once it is more by this much. */
const WORTH_KEEPING = 1.1
const SUM_BYTES = 4

interface Kept {
  readonly file: string
  readonly script: Script
  /** Of the code that an earlier process kept; 0 where there is none, or none that this V8 takes. */
  readonly bytes: number
}

/** From here on every CommonJS module is loaded with its code kept in `dir`. Where that can't be written, none is. */
export function keepCompiledCode(dir: string): void {
  const loaded: Kept[] = []
  Object.assign(Module.prototype, {
    _compile(this: NodeJS.Module, source: string, filename: string) {
      const kept = load(dir, source, filename)
      loaded.push(kept)
      const require = Module.createRequire(filename)
      return kept.script.runInThisContext().call(this.exports, this.exports, require, this, filename, dirname(filename))
    },
  })
  process.on('exit', () => {
    for (const kept of loaded) save(kept)
  })
}

function load(dir: string, source: string, filename: string): Kept {
  // V8 itself looks at the length of the source alone.
  const name = createHash('sha256').update(`${process.version} ${process.arch}\n${source}`).digest('hex')
  const file = join(dir, name)
  const cachedData = readKept(file)
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData && { cachedData }),
  })
  return { file, script, bytes: cachedData && !script.cachedDataRejected ? cachedData.length : 0 }
}

/** V8 trusts what it is given, so what a full disk cut off must not get there. */
function readKept(file: string): Buffer | undefined {
  try {
    const kept = readFileSync(file)
    const code = kept.subarray(SUM_BYTES)
    return sumOf(code).equals(kept.subarray(0, SUM_BYTES)) ? code : undefined
  } catch {
    return undefined
  }
}

function sumOf(code: Buffer): Buffer {
  const sum = Buffer.alloc(SUM_BYTES)
  sum.writeUInt32LE(crc32(code))
  return sum
}

function save({ file, script, bytes }: Kept): void {
  const code = script.createCachedData()
  if (code.length < bytes * WORTH_KEEPING) return
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const aside = `${file}.${process.pid}`
    writeFileSync(aside, Buffer.concat([sumOf(code), code]), { mode: 0o600 })
    renameSync(aside, file)
  } catch {
    // The next process compiles as this one did.
  }
}
