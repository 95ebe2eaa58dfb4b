-- AlterEnum
ALTER TYPE "promotion_decision" ADD VALUE 'adopt';

-- AlterTable
ALTER TABLE "promotion" ADD COLUMN     "override_key" TEXT;

-- AlterTable
ALTER TABLE "repository" ADD COLUMN     "looked_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "run" ADD COLUMN     "decided_at" TIMESTAMPTZ(3),
ADD COLUMN     "override_key" TEXT,
ADD COLUMN     "rule_set_id" TEXT,
ADD COLUMN     "rules_sha" TEXT;

-- CreateTable
CREATE TABLE "rule_set" (
    "id" TEXT NOT NULL,
    "rules" JSONB NOT NULL,

    CONSTRAINT "rule_set_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "portfolio_day" (
    "repository_id" BIGINT NOT NULL,
    "portfolio" TEXT NOT NULL,
    "family" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "completed" INTEGER NOT NULL DEFAULT 0,
    "withheld" INTEGER NOT NULL DEFAULT 0,
    "capped" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "cancelled" INTEGER NOT NULL DEFAULT 0,
    "accepted" INTEGER NOT NULL DEFAULT 0,
    "reworked" INTEGER NOT NULL DEFAULT 0,
    "rejected" INTEGER NOT NULL DEFAULT 0,
    "unknown" INTEGER NOT NULL DEFAULT 0,
    "pending" INTEGER NOT NULL DEFAULT 0,
    "redone" INTEGER NOT NULL DEFAULT 0,
    "spend_micro_usd" BIGINT NOT NULL DEFAULT 0,
    "pending_spend_micro_usd" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "portfolio_day_pkey" PRIMARY KEY ("repository_id","portfolio","family","day")
);

-- CreateTable
CREATE TABLE "override_day" (
    "repository_id" BIGINT NOT NULL,
    "family" TEXT NOT NULL,
    "override_key" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "subject_key" TEXT NOT NULL,
    "accepted" INTEGER NOT NULL DEFAULT 0,
    "reworked" INTEGER NOT NULL DEFAULT 0,
    "rejected" INTEGER NOT NULL DEFAULT 0,
    "unknown" INTEGER NOT NULL DEFAULT 0,
    "spend_micro_usd" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "override_day_pkey" PRIMARY KEY ("repository_id","family","override_key","day","subject_key")
);

-- CreateTable
CREATE TABLE "span" (
    "repository_id" BIGINT NOT NULL,
    "measure" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "subject_key" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "span_pkey" PRIMARY KEY ("repository_id","measure","scope","subject_key")
);

-- CreateTable
CREATE TABLE "review" (
    "repository_id" BIGINT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "issue_number" INTEGER,
    "digest" TEXT,

    CONSTRAINT "review_pkey" PRIMARY KEY ("repository_id","period_start")
);

-- CreateIndex
CREATE INDEX "span_repository_id_measure_scope_ended_at_idx" ON "span"("repository_id", "measure", "scope", "ended_at");

-- What follows is written by hand: Prisma's language can't say it.

ALTER TABLE "portfolio_day"
    ADD CONSTRAINT "portfolio_day_counts" CHECK (
        "completed" >= 0 AND "withheld" >= 0 AND "capped" >= 0 AND "failed" >= 0 AND "cancelled" >= 0
        AND "accepted" >= 0 AND "reworked" >= 0 AND "rejected" >= 0 AND "unknown" >= 0 AND "pending" >= 0
        AND 0 <= "redone" AND "redone" <= "accepted" + "reworked" + "rejected"
        AND "spend_micro_usd" >= 0 AND "pending_spend_micro_usd" >= 0
    );
ALTER TABLE "override_day" ADD CONSTRAINT "override_day_counts" CHECK (
    "accepted" >= 0 AND "reworked" >= 0 AND "rejected" >= 0 AND "unknown" >= 0 AND "spend_micro_usd" >= 0
);
ALTER TABLE "span" ADD CONSTRAINT "span_in_order" CHECK ("started_at" <= "ended_at");

-- A counted run in the columns of its portfolio's day, as the trigger, this migration and the audit count it.
CREATE VIEW "counted_run" AS
SELECT "id", "repository_id", "portfolio", "family", ("ended_at" AT TIME ZONE 'UTC')::date AS "day", "ended_at",
    ("conclusion" = 'completed')::int AS "completed", ("conclusion" = 'withheld')::int AS "withheld",
    ("conclusion" = 'capped')::int AS "capped", ("conclusion" = 'failed')::int AS "failed",
    ("conclusion" = 'cancelled')::int AS "cancelled",
    ("outcome" = 'accepted')::int AS "accepted", ("outcome" = 'reworked')::int AS "reworked",
    ("outcome" = 'rejected')::int AS "rejected", ("outcome" = 'unknown')::int AS "unknown",
    ("outcome" = 'pending')::int AS "pending",
    ("outcome" = 'reworked' OR ("reverted" AND "outcome" IN ('accepted', 'rejected')))::int AS "redone",
    CASE WHEN "outcome" = 'pending' THEN 0 ELSE "spent_micro_usd" END AS "spend_micro_usd",
    CASE WHEN "outcome" = 'pending' THEN "spent_micro_usd" ELSE 0 END AS "pending_spend_micro_usd",
    "override_key", "subject_key"
FROM "run" WHERE "outcome_rule" IS NOT NULL;

INSERT INTO "portfolio_day"
SELECT "repository_id", "portfolio", "family", "day", sum("completed"), sum("withheld"), sum("capped"), sum("failed"),
    sum("cancelled"), sum("accepted"), sum("reworked"), sum("rejected"), sum("unknown"), sum("pending"), sum("redone"),
    sum("spend_micro_usd"), sum("pending_spend_micro_usd")
FROM "counted_run" GROUP BY "repository_id", "portfolio", "family", "day";

-- `by` is 1 to count the run as it stands, -1 to take it out again. The row comes first, at zero: an upsert would be
-- checked as if what it takes out were inserted.
CREATE FUNCTION "run_count"("counted" TEXT, "by" INTEGER) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "portfolio_day" ("repository_id", "portfolio", "family", "day")
    SELECT "repository_id", "portfolio", "family", "day" FROM "counted_run" WHERE "id" = "counted"
    ON CONFLICT DO NOTHING;
    UPDATE "portfolio_day" AS "d" SET
        "completed" = "d"."completed" + "by" * "r"."completed", "withheld" = "d"."withheld" + "by" * "r"."withheld",
        "capped" = "d"."capped" + "by" * "r"."capped", "failed" = "d"."failed" + "by" * "r"."failed",
        "cancelled" = "d"."cancelled" + "by" * "r"."cancelled",
        "accepted" = "d"."accepted" + "by" * "r"."accepted", "reworked" = "d"."reworked" + "by" * "r"."reworked",
        "rejected" = "d"."rejected" + "by" * "r"."rejected", "unknown" = "d"."unknown" + "by" * "r"."unknown",
        "pending" = "d"."pending" + "by" * "r"."pending", "redone" = "d"."redone" + "by" * "r"."redone",
        "spend_micro_usd" = "d"."spend_micro_usd" + "by" * "r"."spend_micro_usd",
        "pending_spend_micro_usd" = "d"."pending_spend_micro_usd" + "by" * "r"."pending_spend_micro_usd"
    FROM "counted_run" AS "r"
    WHERE "r"."id" = "counted" AND "d"."repository_id" = "r"."repository_id" AND "d"."portfolio" = "r"."portfolio"
        AND "d"."family" = "r"."family" AND "d"."day" = "r"."day";
END
$$;

CREATE FUNCTION "run_count_overrides"("counted" TEXT, "by" INTEGER) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "override_day" ("repository_id", "family", "override_key", "day", "subject_key")
    SELECT "repository_id", "family", "override_key", "day", "subject_key" FROM "counted_run"
    WHERE "id" = "counted" AND "override_key" IS NOT NULL
    ON CONFLICT DO NOTHING;
    UPDATE "override_day" AS "d" SET
        "accepted" = "d"."accepted" + "by" * "r"."accepted", "reworked" = "d"."reworked" + "by" * "r"."reworked",
        "rejected" = "d"."rejected" + "by" * "r"."rejected", "unknown" = "d"."unknown" + "by" * "r"."unknown",
        "spend_micro_usd" = "d"."spend_micro_usd" + "by" * "r"."spend_micro_usd"
    FROM "counted_run" AS "r"
    WHERE "r"."id" = "counted" AND "d"."repository_id" = "r"."repository_id" AND "d"."family" = "r"."family"
        AND "d"."override_key" = "r"."override_key" AND "d"."day" = "r"."day" AND "d"."subject_key" = "r"."subject_key";
END
$$;

-- Before the change the run's row still stands as it was counted, after it as it counts now. A run that has no outcome
-- yet does neither, so that ending one costs nothing more.
CREATE FUNCTION "run_recount"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    "by" CONSTANT INTEGER := CASE TG_WHEN WHEN 'BEFORE' THEN -1 ELSE 1 END;
BEGIN
    PERFORM "run_count"(NEW."id", "by");
    IF NEW."override_key" IS NOT NULL THEN
        PERFORM "run_count_overrides"(NEW."id", "by");
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER "run_uncounted" BEFORE UPDATE ON "run" FOR EACH ROW
    WHEN (OLD."outcome_rule" IS NOT NULL AND (OLD."outcome", OLD."reverted", OLD."conclusion", OLD."spent_micro_usd", OLD."ended_at")
        IS DISTINCT FROM (NEW."outcome", NEW."reverted", NEW."conclusion", NEW."spent_micro_usd", NEW."ended_at"))
    EXECUTE FUNCTION "run_recount"();
CREATE TRIGGER "run_counted" AFTER UPDATE ON "run" FOR EACH ROW
    WHEN (NEW."outcome_rule" IS NOT NULL AND (OLD."outcome_rule" IS NULL
        OR (OLD."outcome", OLD."reverted", OLD."conclusion", OLD."spent_micro_usd", OLD."ended_at")
        IS DISTINCT FROM (NEW."outcome", NEW."reverted", NEW."conclusion", NEW."spent_micro_usd", NEW."ended_at")))
    EXECUTE FUNCTION "run_recount"();
