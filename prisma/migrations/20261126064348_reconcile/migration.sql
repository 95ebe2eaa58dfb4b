-- AlterTable
ALTER TABLE "run" ADD COLUMN     "look_after" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "heard_comment" (
    "repository_id" BIGINT NOT NULL,
    "comment_id" BIGINT NOT NULL,
    "delivery_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "heard_comment_pkey" PRIMARY KEY ("repository_id","comment_id")
);

-- CreateTable
CREATE TABLE "revert" (
    "repository_id" BIGINT NOT NULL,
    "target" TEXT NOT NULL,
    "by" TEXT NOT NULL,

    CONSTRAINT "revert_pkey" PRIMARY KEY ("repository_id","target","by")
);

-- CreateTable
CREATE TABLE "reading" (
    "repository_id" BIGINT NOT NULL,
    "read_until" TIMESTAMPTZ(3) NOT NULL DEFAULT date_trunc('second'::text, clock_timestamp()),
    "head" TEXT,
    "read_after" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "reading_pkey" PRIMARY KEY ("repository_id")
);

-- CreateTable
CREATE TABLE "redelivery" (
    "delivery_id" TEXT NOT NULL,
    "times" INTEGER NOT NULL DEFAULT 1,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "redelivery_pkey" PRIMARY KEY ("delivery_id")
);

-- CreateIndex
CREATE INDEX "heard_comment_at_idx" ON "heard_comment"("at");

-- CreateIndex
CREATE INDEX "revert_repository_id_by_idx" ON "revert"("repository_id", "by");

-- CreateIndex
CREATE INDEX "reading_read_after_idx" ON "reading"("read_after");

-- CreateIndex
CREATE INDEX "redelivery_at_idx" ON "redelivery"("at");


-- What follows is written by hand.

CREATE INDEX "run_unlooked" ON "run"("look_after") WHERE "look_after" IS NOT NULL;

-- What is known so far is read from now on.
INSERT INTO "reading" ("repository_id") SELECT "id" FROM "repository";
UPDATE "run" SET "look_after" = clock_timestamp()
    WHERE "state" = 'dispatched' OR ("state" = 'ended' AND "conclusion" <> 'refused' AND "ended_at" > clock_timestamp() - interval '14 days');

-- Which commit reverts which is kept apart now, and each revert has a fact of its own.
UPDATE "fact" SET "key" = 'before' WHERE "kind" = 'reverted' AND "key" = '';

-- A payload lives for moments: to compress it costs more than the place that it takes.
ALTER TABLE "webhook" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
