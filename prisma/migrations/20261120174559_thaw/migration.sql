-- AlterEnum
ALTER TYPE "entry_kind" ADD VALUE 'thaw';

-- AlterTable
ALTER TABLE "entry" ADD COLUMN     "note" TEXT;
