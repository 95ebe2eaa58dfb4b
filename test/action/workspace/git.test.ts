/** A machine without git. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { NO_GIT, openGit } from '../../../action/workspace/git.ts'
import { ObjectReader } from '../../../action/workspace/objects.ts'

it('says that git is missing', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'purser-git-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  vi.stubEnv('PATH', dir)
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(openGit(dir).text(['status'])).rejects.toThrow(NO_GIT)
  await expect(new ObjectReader(dir).isCommit('HEAD')).rejects.toThrow(NO_GIT)
  await expect(openGit(dir, join(dir, 'gone')).text(['status']), 'that is another thing').rejects.not.toThrow(NO_GIT)
})
