-- AlterTable
ALTER TABLE "run" ADD COLUMN     "continues_run_id" TEXT,
ADD COLUMN     "pause_requested" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "waived" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "session" ADD COLUMN     "root_id" TEXT;

-- CreateTable
CREATE TABLE "run_checkpoint" (
    "run_id" TEXT NOT NULL,
    "checkpoint" JSON NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "run_checkpoint_pkey" PRIMARY KEY ("run_id")
);

-- CreateTable
CREATE TABLE "session_event" (
    "id" BIGSERIAL NOT NULL,
    "session_id" TEXT NOT NULL,
    "run_id" TEXT,
    "sequence" INTEGER,
    "kind" TEXT NOT NULL,
    "event" JSON,
    "bytes" INTEGER NOT NULL,
    "said_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "session_event_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "run_checkpoint_at_idx" ON "run_checkpoint"("at");

-- CreateIndex
CREATE INDEX "session_event_session_id_id_idx" ON "session_event"("session_id", "id");

-- CreateIndex
CREATE INDEX "session_event_at_idx" ON "session_event"("at");

-- CreateIndex
CREATE UNIQUE INDEX "session_event_run_id_sequence_key" ON "session_event"("run_id", "sequence");


-- What follows is written by hand.

-- The runs that a ceiling is shared by are found by their sessions.
CREATE INDEX "session_root" ON "session"("root_id") WHERE "root_id" IS NOT NULL;

-- What was said to a session, and what of it an agent was told. The same comment is said once.
CREATE INDEX "session_event_said" ON "session_event"("session_id", "said_id") WHERE "said_id" IS NOT NULL;
CREATE UNIQUE INDEX "session_event_said_once" ON "session_event"("session_id", "said_id")
    WHERE "said_id" IS NOT NULL AND "run_id" IS NULL;

-- A run's event has its number; what people said has none.
ALTER TABLE "session_event"
    ADD CONSTRAINT "session_event_numbered" CHECK (("run_id" IS NULL) = ("sequence" IS NULL)),
    ADD CONSTRAINT "session_event_bytes" CHECK ("bytes" >= 0 AND ("sequence" IS NULL OR "sequence" >= 0));

-- Nothing searches in them; a checkpoint is written again and again.
ALTER TABLE "session_event" ALTER COLUMN "event" SET STORAGE EXTERNAL;
ALTER TABLE "run_checkpoint" ALTER COLUMN "checkpoint" SET STORAGE EXTERNAL;

-- Append-only until the retention is over (`SESSION_LOG_RETENTION_DAYS`; a test holds both against each other).
CREATE FUNCTION "session_event_refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an event of a session is never changed; what happened later is a new event'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER "session_event_append_only" BEFORE UPDATE OR TRUNCATE ON "session_event"
    FOR EACH STATEMENT EXECUTE FUNCTION "session_event_refuse_change"();
CREATE FUNCTION "session_event_keep"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD."at" > clock_timestamp() - interval '30 days' THEN
        RAISE EXCEPTION 'an event of a session is kept for 30 days'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER "session_event_kept" BEFORE DELETE ON "session_event"
    FOR EACH ROW EXECUTE FUNCTION "session_event_keep"();
