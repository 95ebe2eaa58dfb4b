-- A period of all workflows, and of all overrides, is read by its days.
-- AlterTable
ALTER TABLE "portfolio_day" DROP CONSTRAINT "portfolio_day_pkey",
ADD CONSTRAINT "portfolio_day_pkey" PRIMARY KEY ("repository_id", "portfolio", "day", "family");

-- CreateIndex
CREATE INDEX "override_day_repository_id_family_day_idx" ON "override_day"("repository_id", "family", "day");
