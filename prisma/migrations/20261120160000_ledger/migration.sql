-- CreateEnum
CREATE TYPE "account_kind" AS ENUM ('portfolio', 'squad', 'experiment');

-- CreateEnum
CREATE TYPE "unit" AS ENUM ('usd', 'tokens');

-- CreateEnum
CREATE TYPE "run_state" AS ENUM ('waiting', 'reserved', 'dispatched', 'claimed', 'ended');

-- CreateEnum
CREATE TYPE "conclusion" AS ENUM ('completed', 'withheld', 'capped', 'failed', 'cancelled', 'refused');

-- CreateEnum
CREATE TYPE "outcome" AS ENUM ('accepted', 'reworked', 'rejected', 'pending', 'unknown');

-- CreateEnum
CREATE TYPE "assignment" AS ENUM ('baseline', 'chosen', 'assigned');

-- CreateEnum
CREATE TYPE "hold_state" AS ENUM ('held', 'settled', 'released');

-- CreateEnum
CREATE TYPE "entry_kind" AS ENUM ('budget', 'reserve', 'settle', 'release', 'expire', 'overage', 'refund');

-- CreateEnum
CREATE TYPE "promotion_decision" AS ENUM ('promote', 'sunset');

-- CreateEnum
CREATE TYPE "promotion_state" AS ENUM ('opening', 'open', 'closed');

-- CreateTable
CREATE TABLE "repository" (
    "id" BIGINT NOT NULL,
    "owner" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "installation_id" BIGINT NOT NULL,
    "default_branch" TEXT NOT NULL,

    CONSTRAINT "repository_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" BIGSERIAL NOT NULL,
    "repository_id" BIGINT NOT NULL,
    "kind" "account_kind" NOT NULL,
    "name" TEXT NOT NULL,
    "unit" "unit" NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "period_end" TIMESTAMPTZ(3) NOT NULL,
    "budget" BIGINT NOT NULL,
    "ceiling" BIGINT,
    "spent" BIGINT NOT NULL DEFAULT 0,
    "held" BIGINT NOT NULL DEFAULT 0,
    "overage" BIGINT NOT NULL DEFAULT 0,
    "frozen" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" TEXT NOT NULL,
    "repository_id" BIGINT NOT NULL,
    "subject_kind" TEXT NOT NULL,
    "subject_number" INTEGER,
    "subject_key" TEXT NOT NULL,
    "family" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "command_key" TEXT NOT NULL,
    "comment_id" BIGINT,
    "check_run_id" BIGINT,
    "ceiling_micro_usd" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run" (
    "id" TEXT NOT NULL,
    "session_id" TEXT NOT NULL,
    "repository_id" BIGINT NOT NULL,
    "family" TEXT NOT NULL,
    "variant" TEXT,
    "assignment" "assignment" NOT NULL,
    "portfolio" TEXT NOT NULL,
    "squad" TEXT,
    "subject_key" TEXT NOT NULL,
    "head_sha" TEXT NOT NULL,
    "config_sha" TEXT NOT NULL,
    "plan" JSONB NOT NULL,
    "quote" JSONB NOT NULL,
    "cap_micro_usd" BIGINT NOT NULL,
    "held_micro_usd" BIGINT NOT NULL DEFAULT 0,
    "drawn_micro_usd" BIGINT NOT NULL DEFAULT 0,
    "spent_micro_usd" BIGINT NOT NULL DEFAULT 0,
    "held_tokens" BIGINT,
    "drawn_tokens" BIGINT,
    "input_tokens" BIGINT NOT NULL DEFAULT 0,
    "cached_tokens" BIGINT NOT NULL DEFAULT 0,
    "output_tokens" BIGINT NOT NULL DEFAULT 0,
    "state" "run_state" NOT NULL,
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "token_hash" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "job_key" TEXT,
    "stop_requested" BOOLEAN NOT NULL DEFAULT false,
    "actions_run_id" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "dispatched_at" TIMESTAMPTZ(3),
    "claimed_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "conclusion" "conclusion",
    "reason" TEXT,
    "delivery" TEXT NOT NULL,
    "delivered_sha" TEXT,
    "delivered_number" INTEGER,
    "delivered_url" TEXT,
    "report" JSONB,
    "outcome" "outcome" NOT NULL DEFAULT 'pending',
    "outcome_rule" TEXT,
    "outcome_at" TIMESTAMPTZ(3),
    "reverted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hold" (
    "run_id" TEXT NOT NULL,
    "account_id" BIGINT NOT NULL,
    "amount" BIGINT NOT NULL,
    "state" "hold_state" NOT NULL DEFAULT 'held',

    CONSTRAINT "hold_pkey" PRIMARY KEY ("run_id","account_id")
);

-- CreateTable
CREATE TABLE "entry" (
    "id" BIGSERIAL NOT NULL,
    "account_id" BIGINT NOT NULL,
    "run_id" TEXT,
    "kind" "entry_kind" NOT NULL,
    "budget_change" BIGINT NOT NULL DEFAULT 0,
    "held_change" BIGINT NOT NULL DEFAULT 0,
    "spent_change" BIGINT NOT NULL DEFAULT 0,
    "overage_change" BIGINT NOT NULL DEFAULT 0,
    "key" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "fact" (
    "run_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "fact_pkey" PRIMARY KEY ("run_id","kind","key")
);

-- CreateTable
CREATE TABLE "trial" (
    "repository_id" BIGINT NOT NULL,
    "family" TEXT NOT NULL,
    "variant" TEXT NOT NULL,
    "settled" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "trial_pkey" PRIMARY KEY ("repository_id","family","variant")
);

-- CreateTable
CREATE TABLE "trial_day" (
    "repository_id" BIGINT NOT NULL,
    "family" TEXT NOT NULL,
    "variant" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "settled" INTEGER NOT NULL DEFAULT 0,
    "accepted" INTEGER NOT NULL DEFAULT 0,
    "reworked" INTEGER NOT NULL DEFAULT 0,
    "rejected" INTEGER NOT NULL DEFAULT 0,
    "unknown" INTEGER NOT NULL DEFAULT 0,
    "reverted" INTEGER NOT NULL DEFAULT 0,
    "spend_micro_usd" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "trial_day_pkey" PRIMARY KEY ("repository_id","family","variant","day")
);

-- CreateTable
CREATE TABLE "trial_subject" (
    "repository_id" BIGINT NOT NULL,
    "family" TEXT NOT NULL,
    "variant" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "subject_key" TEXT NOT NULL,
    "settled" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "trial_subject_pkey" PRIMARY KEY ("repository_id","family","variant","day","subject_key")
);

-- CreateTable
CREATE TABLE "checkpoint" (
    "repository_id" BIGINT NOT NULL,
    "family" TEXT NOT NULL,
    "variant" TEXT NOT NULL,
    "settled" INTEGER NOT NULL,
    "measures" JSONB NOT NULL,
    "all_hold" BOOLEAN NOT NULL,
    "sunset_holds" BOOLEAN NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "checkpoint_pkey" PRIMARY KEY ("repository_id","family","variant","settled")
);

-- CreateTable
CREATE TABLE "promotion" (
    "repository_id" BIGINT NOT NULL,
    "family" TEXT NOT NULL,
    "variant" TEXT NOT NULL,
    "decision" "promotion_decision" NOT NULL,
    "issue_number" INTEGER,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "state" "promotion_state" NOT NULL DEFAULT 'opening',

    CONSTRAINT "promotion_pkey" PRIMARY KEY ("repository_id","family","variant","decision")
);

-- CreateTable
CREATE TABLE "webhook" (
    "delivery_id" TEXT NOT NULL,
    "event" TEXT NOT NULL,
    "payload" JSONB,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "handled_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "problem" TEXT,

    CONSTRAINT "webhook_pkey" PRIMARY KEY ("delivery_id")
);

-- CreateIndex
CREATE INDEX "repository_owner_name_idx" ON "repository"("owner", "name");

-- CreateIndex
CREATE INDEX "repository_installation_id_idx" ON "repository"("installation_id");

-- CreateIndex
CREATE INDEX "account_repository_id_period_end_idx" ON "account"("repository_id", "period_end");

-- CreateIndex
CREATE UNIQUE INDEX "account_repository_id_kind_name_unit_period_start_key" ON "account"("repository_id", "kind", "name", "unit", "period_start");

-- CreateIndex
CREATE INDEX "session_repository_id_subject_key_created_at_idx" ON "session"("repository_id", "subject_key", "created_at" DESC);

-- CreateIndex
CREATE INDEX "session_repository_id_created_at_idx" ON "session"("repository_id", "created_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "session_repository_id_command_key_key" ON "session"("repository_id", "command_key");

-- CreateIndex
CREATE INDEX "run_session_id_idx" ON "run"("session_id");

-- CreateIndex
CREATE INDEX "run_repository_id_family_variant_ended_at_idx" ON "run"("repository_id", "family", "variant", "ended_at" DESC);

-- CreateIndex
CREATE INDEX "run_repository_id_subject_key_created_at_idx" ON "run"("repository_id", "subject_key", "created_at" DESC);

-- CreateIndex
CREATE INDEX "run_repository_id_delivered_sha_idx" ON "run"("repository_id", "delivered_sha");

-- CreateIndex
CREATE INDEX "run_repository_id_delivered_number_idx" ON "run"("repository_id", "delivered_number");

-- CreateIndex
CREATE INDEX "run_repository_id_actions_run_id_idx" ON "run"("repository_id", "actions_run_id");

-- CreateIndex
CREATE INDEX "hold_account_id_idx" ON "hold"("account_id");

-- CreateIndex
CREATE UNIQUE INDEX "entry_key_key" ON "entry"("key");

-- CreateIndex
CREATE INDEX "entry_account_id_id_idx" ON "entry"("account_id", "id");

-- CreateIndex
CREATE INDEX "entry_run_id_idx" ON "entry"("run_id");

-- CreateIndex
CREATE INDEX "promotion_repository_id_issue_number_idx" ON "promotion"("repository_id", "issue_number");

-- CreateIndex
CREATE INDEX "webhook_handled_at_received_at_idx" ON "webhook"("handled_at", "received_at");

-- AddForeignKey
ALTER TABLE "account" ADD CONSTRAINT "account_repository_id_fkey" FOREIGN KEY ("repository_id") REFERENCES "repository"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_repository_id_fkey" FOREIGN KEY ("repository_id") REFERENCES "repository"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_repository_id_fkey" FOREIGN KEY ("repository_id") REFERENCES "repository"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "session"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "hold" ADD CONSTRAINT "hold_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "hold" ADD CONSTRAINT "hold_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "entry" ADD CONSTRAINT "entry_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "entry" ADD CONSTRAINT "entry_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "fact" ADD CONSTRAINT "fact_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "promotion" ADD CONSTRAINT "promotion_repository_id_fkey" FOREIGN KEY ("repository_id") REFERENCES "repository"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- What follows is written by hand: Prisma's language can't say it.

-- The ledger's one invariant. A ceiling that is null is none: such an account only keeps the books.
ALTER TABLE "account"
    ADD CONSTRAINT "account_within_ceiling" CHECK ("spent" + "held" <= "ceiling"),
    ADD CONSTRAINT "account_ceiling_covers_budget" CHECK ("ceiling" >= "budget"),
    ADD CONSTRAINT "account_amounts" CHECK ("budget" >= 0 AND "spent" >= 0 AND "held" >= 0 AND "overage" >= 0),
    ADD CONSTRAINT "account_period" CHECK ("period_start" < "period_end");

ALTER TABLE "session"
    ADD CONSTRAINT "session_subject_kind" CHECK ("subject_kind" IN ('pull-request', 'issue', 'push', 'local')),
    ADD CONSTRAINT "session_trigger" CHECK ("trigger" IN ('comment', 'push', 'schedule', 'dispatch', 'session', 'cli'));

ALTER TABLE "run"
    ADD CONSTRAINT "run_drawn_within_hold" CHECK (
        0 <= "drawn_micro_usd" AND "drawn_micro_usd" <= "held_micro_usd" AND "held_micro_usd" <= "cap_micro_usd"
    ),
    ADD CONSTRAINT "run_drawn_tokens_within_hold" CHECK (0 <= "drawn_tokens" AND "drawn_tokens" <= "held_tokens"),
    ADD CONSTRAINT "run_tokens_together" CHECK (("held_tokens" IS NULL) = ("drawn_tokens" IS NULL)),
    ADD CONSTRAINT "run_usage" CHECK (
        "spent_micro_usd" >= 0 AND "output_tokens" >= 0 AND 0 <= "cached_tokens" AND "cached_tokens" <= "input_tokens"
    ),
    ADD CONSTRAINT "run_claimed" CHECK (
        "state" <> 'claimed' OR ("token_hash" IS NOT NULL AND "lease_until" IS NOT NULL AND "job_key" IS NOT NULL)
    ),
    ADD CONSTRAINT "run_ended" CHECK (
        ("state" = 'ended') = ("ended_at" IS NOT NULL) AND ("state" = 'ended') = ("conclusion" IS NOT NULL)
    ),
    ADD CONSTRAINT "run_outcome_after_end" CHECK ("outcome" = 'pending' OR "state" = 'ended'),
    ADD CONSTRAINT "run_delivery" CHECK ("delivery" IN ('commit', 'pull-request', 'review', 'comment', 'none'));

-- Two runs at once on one subject would write over each other.
CREATE UNIQUE INDEX "run_open_on_subject" ON "run"("repository_id", "subject_key")
    WHERE "state" IN ('reserved', 'dispatched', 'claimed');
CREATE INDEX "run_lease" ON "run"("lease_until") WHERE "state" = 'claimed';
CREATE INDEX "run_unstarted" ON "run"("created_at") WHERE "state" IN ('reserved', 'dispatched');
CREATE INDEX "run_undecided" ON "run"("repository_id", "ended_at", "id") WHERE "state" = 'ended' AND "outcome" = 'pending';

ALTER TABLE "hold" ADD CONSTRAINT "hold_amount" CHECK ("amount" > 0);

ALTER TABLE "trial" ADD CONSTRAINT "trial_counts" CHECK ("settled" >= 0);
ALTER TABLE "trial_day"
    ADD CONSTRAINT "trial_day_counts" CHECK (
        "accepted" >= 0 AND "reworked" >= 0 AND "rejected" >= 0 AND "unknown" >= 0 AND "spend_micro_usd" >= 0
        AND "settled" = "accepted" + "reworked" + "rejected" AND 0 <= "reverted" AND "reverted" <= "settled"
    );
ALTER TABLE "trial_subject" ADD CONSTRAINT "trial_subject_counts" CHECK ("settled" >= 0);

-- A payload holds logins, so it goes when its webhook has been handled.
ALTER TABLE "webhook" ADD CONSTRAINT "webhook_payload_is_brief" CHECK ("handled_at" IS NULL OR "payload" IS NULL);

CREATE FUNCTION "entry_refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an entry is never changed or deleted; a correction is a new entry'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER "entry_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "entry"
    FOR EACH STATEMENT EXECUTE FUNCTION "entry_refuse_change"();
