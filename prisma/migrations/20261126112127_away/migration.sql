-- AlterTable
ALTER TABLE "repository" ADD COLUMN     "away_since" TIMESTAMPTZ(3);
