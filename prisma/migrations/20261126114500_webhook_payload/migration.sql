-- A payload is read once, whole: as `json` it is kept as it came, and nothing is made of it on the way in.
ALTER TABLE "webhook" ALTER COLUMN "payload" TYPE JSON USING "payload"::json;

-- Compressed by lz4 it takes less to write than it does whole. Where the database has none, as the embedded one, it stays whole.
DO $$
BEGIN
    ALTER TABLE "webhook" ALTER COLUMN "payload" SET COMPRESSION lz4;
    ALTER TABLE "webhook" ALTER COLUMN "payload" SET STORAGE EXTENDED;
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    ALTER TABLE "webhook" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
END
$$;
