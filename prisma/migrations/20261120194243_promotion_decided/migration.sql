-- AlterEnum
ALTER TYPE "promotion_decision" ADD VALUE 'rollback';

-- AlterEnum
ALTER TYPE "promotion_state" ADD VALUE 'approved';
ALTER TYPE "promotion_state" ADD VALUE 'merged';
ALTER TYPE "promotion_state" ADD VALUE 'rejected';

-- AlterTable
ALTER TABLE "promotion" ADD COLUMN     "before" JSONB,
ADD COLUMN     "decided_at" TIMESTAMPTZ(3),
ADD COLUMN     "definition" TEXT,
ADD COLUMN     "given_up" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "looked_at" TIMESTAMPTZ(3),
ADD COLUMN     "overdue" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "pull_number" INTEGER,
ADD COLUMN     "rejection" TEXT;

-- AlterTable
ALTER TABLE "trial" ADD COLUMN     "definition" TEXT,
ADD COLUMN     "since" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "promotion_repository_id_pull_number_idx" ON "promotion"("repository_id", "pull_number");

-- CreateIndex
CREATE INDEX "promotion_state_looked_at_idx" ON "promotion"("state", "looked_at");
