-- AlterTable
ALTER TABLE "promotion" ADD COLUMN     "former_pulls" INTEGER[] NOT NULL DEFAULT ARRAY[]::INTEGER[];
