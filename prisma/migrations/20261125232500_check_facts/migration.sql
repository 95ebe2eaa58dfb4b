-- A check's fact is known by the short name of its App, and a status by its setter's: only so is it seen whose counts.
-- Of an App other than GitHub Actions the number says nothing any more; GitHub tells its checks anew.
UPDATE "fact" SET "key" = 'status::' || substr("key", 8) WHERE "kind" = 'check' AND "key" LIKE 'status:%';
UPDATE "fact" SET "key" = 'check:' || CASE WHEN "key" LIKE '15368:%' THEN 'github-actions' ELSE 'unknown' END
  || substr("key", strpos("key", ':')) WHERE "kind" = 'check' AND "key" ~ '^[0-9]+:';
