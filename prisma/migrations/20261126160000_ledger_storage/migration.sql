-- A hold changes once, when its run ends. Where its page has room for that, it stays in its indexes as it is.
ALTER TABLE "hold" SET (fillfactor = 50);

-- Compressed by lz4 they take less to write than they do whole. Where the database has none, as the embedded one, they stay whole.
DO $$
BEGIN
    ALTER TABLE "run" ALTER COLUMN "plan" SET COMPRESSION lz4, ALTER COLUMN "report" SET COMPRESSION lz4;
    ALTER TABLE "run" ALTER COLUMN "plan" SET STORAGE EXTENDED, ALTER COLUMN "report" SET STORAGE EXTENDED;
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    NULL;
END
$$;
