/** Whether this machine can confine commands. Tests that need it say loudly when they are left out. */
import { spawnSync } from 'node:child_process'

const probe = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', 'true']

export const bubblewrap = spawnSync('bwrap', probe).status === 0

if (!bubblewrap) {
  process.stderr.write(
    'LEFT OUT: tests of the sandbox, since bubblewrap does not work here. `apt-get install -y bubblewrap` brings it.\n',
  )
}

/** Added to a job's environment: with bubblewrap nothing, else the word that commands need not be confined. */
export const sandboxed: Readonly<Record<string, string>> = bubblewrap ? {} : { PURSER_SANDBOX: 'none' }
