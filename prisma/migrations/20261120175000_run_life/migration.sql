-- AlterTable
ALTER TABLE "run" ADD COLUMN     "decide_after" TIMESTAMPTZ(3),
ADD COLUMN     "delivered_at" TIMESTAMPTZ(3),
ADD COLUMN     "delivering_until" TIMESTAMPTZ(3),
ADD COLUMN     "go_key" TEXT,
ADD COLUMN     "heard_at" TIMESTAMPTZ(3),
ADD COLUMN     "reserved_at" TIMESTAMPTZ(3);


-- What follows is written by hand.

-- What is there already goes on: a hold was taken when its run was made, what has a page was delivered, and what is
-- undecided is looked at by the next sweep.
UPDATE "run" SET "reserved_at" = "created_at" WHERE "state" IN ('reserved', 'dispatched', 'claimed') OR "held_micro_usd" > 0;
UPDATE "run" SET "delivered_at" = "ended_at"
    WHERE "state" = 'ended' AND ("delivered_url" IS NOT NULL OR "reason" = 'nothing-to-deliver');
UPDATE "run" SET "decide_after" = "ended_at"
    WHERE "state" = 'ended' AND "outcome" = 'pending' AND "conclusion" <> 'refused';

ALTER TABLE "run"
    ADD CONSTRAINT "run_reserved" CHECK ("state" IN ('waiting', 'ended') OR "reserved_at" IS NOT NULL),
    ADD CONSTRAINT "run_delivered_after_end" CHECK ("delivered_at" IS NULL OR "state" = 'ended'),
    ADD CONSTRAINT "run_decided_after_end" CHECK ("decide_after" IS NULL OR "state" = 'ended');

DROP INDEX "run_unstarted";
DROP INDEX "run_undecided";
CREATE INDEX "run_unstarted" ON "run"("reserved_at") WHERE "state" IN ('reserved', 'dispatched');
CREATE INDEX "run_undelivered" ON "run"("ended_at") WHERE "state" = 'ended' AND "delivered_at" IS NULL AND "report" IS NOT NULL;
CREATE INDEX "run_due" ON "run"("decide_after") WHERE "decide_after" IS NOT NULL;
