/**
 * A changeset is work as data: the files that differ from the commit the run started at. It is all that leaves a
 * run; whoever delivers it validates it again, since the runner is not trusted.
 */
import { z } from 'zod'

export const CHANGESET_FILES_MAX = 300
export const CHANGESET_FILE_BYTES_MAX = 1_000_000
export const CHANGESET_BYTES_MAX = 4_000_000
export const CHANGESET_PATH_CHARACTERS_MAX = 1000

/** Only plain files and executables; links and submodules are never delivered. */
export const changedFileSchema = z.object({
  path: z.string().min(1).max(CHANGESET_PATH_CHARACTERS_MAX),
  mode: z.enum(['100644', '100755']),
  /** The whole new content; absent when the file is deleted. */
  contentBase64: z.base64().optional(),
  addedLines: z.int().nonnegative(),
  deletedLines: z.int().nonnegative(),
})
export type ChangedFile = z.infer<typeof changedFileSchema>

export const changesetSchema = z.object({
  /** The commit that the files are to be applied to. */
  baseSha: z.string(),
  files: z.array(changedFileSchema).max(CHANGESET_FILES_MAX),
})
export type Changeset = z.infer<typeof changesetSchema>

/** What a run hands over. `title` and `body` are what an agent wrote: data, made inert before they are shown. */
export const deliverySchema = z.object({
  changeset: changesetSchema.optional(),
  title: z.string().max(300),
  body: z.string().max(60_000),
})
export type Delivery = z.infer<typeof deliverySchema>
