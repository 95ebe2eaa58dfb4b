-- CreateEnum
CREATE TYPE "approval" AS ENUM ('awaited', 'given', 'lapsed');

-- AlterTable
ALTER TABLE "run" ADD COLUMN     "approval" "approval",
ADD COLUMN     "approve_until" TIMESTAMPTZ(3);

-- Work waits exactly as long as there is a day on which it stops waiting.
ALTER TABLE "run"
    ADD CONSTRAINT "run_approval" CHECK (("approval" IS NOT DISTINCT FROM 'awaited') = ("approve_until" IS NOT NULL)),
    ADD CONSTRAINT "run_approved_after_end" CHECK ("approval" IS NULL OR "state" = 'ended');

CREATE INDEX "run_unapproved" ON "run"("approve_until") WHERE "approve_until" IS NOT NULL;
