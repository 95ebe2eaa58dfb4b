-- An index is entered with every row, and looked at with every statement on its table. What few are looked for by is found
-- among what another one finds: runs that hold something are few, and so are a day's sessions.
DROP INDEX "run_unstarted";

-- With it gone, a heartbeat changes no column that is in an index, and enters its run into none.
DROP INDEX "run_lease";

-- DropIndex
DROP INDEX "session_repository_id_subject_key_created_at_idx";

-- DropIndex
DROP INDEX "entry_account_id_id_idx";

-- DropIndex
DROP INDEX "entry_run_id_idx";

-- CreateIndex
CREATE INDEX "entry_account_id_run_id_idx" ON "entry"("account_id", "run_id");
