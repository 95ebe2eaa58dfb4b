-- The webhooks of a repository are its line: worked off in the order of their numbers, by one job that says only whose turn it is.
ALTER TABLE "webhook" ADD COLUMN "number" BIGSERIAL NOT NULL;
ALTER TABLE "webhook" ADD COLUMN "repository_id" BIGINT NOT NULL DEFAULT 0;
UPDATE "webhook" SET "repository_id" = coalesce(("payload" -> 'repository' ->> 'id')::bigint, 0) WHERE "payload" IS NOT NULL;
ALTER TABLE "webhook" ALTER COLUMN "repository_id" DROP DEFAULT;

-- What comes is kept as it came, and read once, whole: nothing of it is looked at on the way in but by the App.
ALTER TABLE "webhook" ALTER COLUMN "payload" TYPE TEXT USING "payload"::text;

CREATE INDEX "webhook_line" ON "webhook"("repository_id", "number") WHERE "handled_at" IS NULL;

-- With another type a column has its storage anew.
DO $$
BEGIN
    ALTER TABLE "webhook" ALTER COLUMN "payload" SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    ALTER TABLE "webhook" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
END
$$;
