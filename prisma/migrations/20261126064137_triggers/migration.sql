-- AlterTable
ALTER TABLE "repository" ADD COLUMN     "schedules_read_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "run" ADD COLUMN     "failure" TEXT;

-- CreateTable
CREATE TABLE "queued" (
    "repository_id" BIGINT NOT NULL,
    "subject_key" TEXT NOT NULL,
    "command_key" TEXT NOT NULL,
    "asked" JSON NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,
    "asked_number" BIGINT NOT NULL,
    "said_id" BIGINT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "queued_pkey" PRIMARY KEY ("repository_id","command_key")
);

-- CreateTable
CREATE TABLE "schedule" (
    "repository_id" BIGINT NOT NULL,
    "family" TEXT NOT NULL,
    "cron" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "schedule_pkey" PRIMARY KEY ("repository_id","family","cron")
);

-- CreateTable
CREATE TABLE "failure" (
    "repository_id" BIGINT NOT NULL,
    "family" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "step" TEXT,
    "count" INTEGER NOT NULL,
    "first_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "failure_pkey" PRIMARY KEY ("repository_id","family","fingerprint")
);

-- CreateIndex
CREATE INDEX "queued_repository_id_subject_key_asked_at_asked_number_idx" ON "queued"("repository_id", "subject_key", "asked_at", "asked_number");

-- CreateIndex
CREATE INDEX "schedule_due_at_idx" ON "schedule"("due_at");

-- CreateIndex
CREATE INDEX "failure_repository_id_family_last_at_idx" ON "failure"("repository_id", "family", "last_at" DESC);

-- CreateIndex
CREATE INDEX "repository_schedules_read_at_idx" ON "repository"("schedules_read_at");


-- What follows is written by hand.

-- A session is also started by a label, a pull request or a failed check.
ALTER TABLE "session"
    DROP CONSTRAINT "session_trigger",
    ADD CONSTRAINT "session_trigger" CHECK ("trigger" IN
        ('comment', 'label', 'pull-request', 'push', 'check', 'schedule', 'dispatch', 'session', 'cli'));

ALTER TABLE "failure" ADD CONSTRAINT "failure_count" CHECK ("count" > 0);
