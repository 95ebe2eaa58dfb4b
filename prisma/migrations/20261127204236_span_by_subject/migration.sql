-- By their subject first: whatever happens to an issue asks for those of that issue, whichever they are.
-- AlterTable
ALTER TABLE "span" DROP CONSTRAINT "span_pkey",
ADD CONSTRAINT "span_pkey" PRIMARY KEY ("repository_id", "subject_key", "measure", "scope");
