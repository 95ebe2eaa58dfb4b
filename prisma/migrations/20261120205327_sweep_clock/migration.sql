-- AlterTable
ALTER TABLE "run" ADD COLUMN     "delivery_tries" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "show_after" TIMESTAMPTZ(3),
ADD COLUMN     "sweep_after" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "webhook" ALTER COLUMN "received_at" SET DEFAULT clock_timestamp();


-- What follows is written by hand.

-- Deliveries were given up a day after the run's end by the App's clock, and nothing said so. Now their tries are
-- counted, and the last one notes that the App is done: with its work, and with the words that somebody wrote.
UPDATE "run" SET "delivered_at" = "ended_at", "plan" = ("plan"::jsonb #- '{subject,title}' #- '{subject,headRef}')::json
    WHERE "state" = 'ended' AND "delivered_at" IS NULL AND "report" IS NOT NULL AND "reason" IS DISTINCT FROM 'lost'
      AND "ended_at" < clock_timestamp() - interval '1 day';
-- The outcome of what is still to be delivered becomes due with its delivery.
UPDATE "run" SET "decide_after" = NULL
    WHERE "state" = 'ended' AND "delivered_at" IS NULL AND "report" IS NOT NULL AND "reason" IS DISTINCT FROM 'lost';

-- Whether the last ends were shown is not known: they are shown once more.
UPDATE "run" SET "show_after" = clock_timestamp()
    WHERE "state" = 'ended' AND "ended_at" > clock_timestamp() - interval '1 day';

DROP INDEX "run_undelivered";
CREATE INDEX "run_undelivered" ON "run"("delivering_until" NULLS FIRST)
    WHERE "state" = 'ended' AND "delivered_at" IS NULL AND "report" IS NOT NULL AND "reason" IS DISTINCT FROM 'lost';
CREATE INDEX "run_unshown" ON "run"("show_after") WHERE "show_after" IS NOT NULL;
