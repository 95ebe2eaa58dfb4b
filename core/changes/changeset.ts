/**
 * A changeset is work as data: the files that differ from the commit the run started at. It is all that leaves a
 * run; whoever delivers it validates it again, since the runner is not trusted.
 */
import { z } from 'zod/mini'
import { reviewSchema } from './review.ts'

export const CHANGESET_FILES_MAX = 300
export const CHANGESET_FILE_BYTES_MAX = 1_000_000
export const CHANGESET_BYTES_MAX = 4_000_000
export const CHANGESET_PATH_CHARACTERS_MAX = 1000

/** Only plain files and executables; links and submodules are never delivered. */
export const changedFileSchema = z.object({
  path: z.string().check(z.minLength(1), z.maxLength(CHANGESET_PATH_CHARACTERS_MAX)),
  mode: z.enum(['100644', '100755']),
  /** The whole new content; absent when the file is deleted. */
  contentBase64: z.optional(z.base64()),
  addedLines: z.int().check(z.nonnegative()),
  deletedLines: z.int().check(z.nonnegative()),
})
export type ChangedFile = z.infer<typeof changedFileSchema>

export const changesetSchema = z.object({
  /** The commit that the files are to be applied to. */
  baseSha: z.string(),
  files: z.array(changedFileSchema).check(z.maxLength(CHANGESET_FILES_MAX)),
})
export type Changeset = z.infer<typeof changesetSchema>

/** What a run hands over. `title` and `body` are what an agent wrote: data, made inert before they are shown. */
export const deliverySchema = z.object({
  changeset: z.optional(changesetSchema),
  title: z.string().check(z.maxLength(300)),
  body: z.string().check(z.maxLength(60_000)),
  /** Where the work is a review with findings; the body has the same in words. */
  review: z.optional(reviewSchema),
})
export type Delivery = z.infer<typeof deliverySchema>
