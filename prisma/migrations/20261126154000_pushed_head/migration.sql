-- AlterTable
ALTER TABLE "webhook" ADD COLUMN     "pushed" TEXT;

-- A webhook enters it when it is handled, and only a push: storing one costs nothing more.
CREATE INDEX "webhook_pushed" ON "webhook"("pushed") WHERE "pushed" IS NOT NULL;
