/** Collects the work of a folder's `work` with its repository `git`, as the runner does, and says what that took. */
import { join } from 'node:path'
import { collectWork } from '../action/workspace/collect-work.ts'
import { openGit } from '../action/workspace/git.ts'
import { peakKb } from './workspace.ts'

const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
const dir = process.argv[2] ?? '.'
const workDir = join(dir, 'work')
const git = openGit(join(dir, 'git'), workDir)
await git.text(['write-tree'])
const { changeset, violations } = await collectWork(git, workDir, EMPTY_TREE, '0'.repeat(40))
const said = violations.map(({ message }) => message)
console.log(JSON.stringify({ files: changeset.files.length, violations: said, peakMb: peakKb('self') / 1_000 }))
