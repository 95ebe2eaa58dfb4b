-- DropIndex
DROP INDEX "run_repository_id_actions_run_id_idx";

-- DropIndex
DROP INDEX "run_repository_id_delivered_number_idx";

-- DropIndex
DROP INDEX "run_repository_id_delivered_sha_idx";

-- DropIndex
DROP INDEX "run_repository_id_family_variant_ended_at_idx";

-- AlterTable
ALTER TABLE "run" ALTER COLUMN "plan" SET DATA TYPE JSON,
ALTER COLUMN "quote" SET DATA TYPE JSON,
ALTER COLUMN "report" SET DATA TYPE JSON;


-- What follows is written by hand.

-- What is never searched is kept as it was written, and apart from the row, which changes often (docs/decisions/ledger-writes.md).
ALTER TABLE "run" ALTER COLUMN "plan" SET STORAGE EXTERNAL, ALTER COLUMN "report" SET STORAGE EXTERNAL;

-- A run enters these when it comes that far, and not when its hold is taken.
CREATE INDEX "run_ended" ON "run"("repository_id", "family", "variant", "ended_at" DESC) WHERE "ended_at" IS NOT NULL;
CREATE INDEX "run_delivered_sha" ON "run"("repository_id", "delivered_sha") WHERE "delivered_sha" IS NOT NULL;
CREATE INDEX "run_delivered_number" ON "run"("repository_id", "delivered_number") WHERE "delivered_number" IS NOT NULL;
CREATE INDEX "run_actions_run" ON "run"("repository_id", "actions_run_id") WHERE "actions_run_id" IS NOT NULL;
