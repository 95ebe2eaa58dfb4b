-- AlterEnum
ALTER TYPE "promotion_decision" ADD VALUE 'offer';

-- AlterTable: who is not known to be readable by everybody is named nowhere.
ALTER TABLE "repository" ADD COLUMN     "private" BOOLEAN NOT NULL DEFAULT true;
