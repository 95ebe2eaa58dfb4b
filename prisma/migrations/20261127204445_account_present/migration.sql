-- Every reservation looks for the present period of an account, and of those that are over there are ever more.
-- CreateIndex
CREATE INDEX "account_repository_id_kind_name_period_end_idx" ON "account"("repository_id", "kind", "name", "period_end");

-- What follows is written by hand.

-- Once a portfolio was renamed, all its periods have a former name.
DROP INDEX "account_renamed";
CREATE INDEX "account_renamed" ON "account"("repository_id", "kind", "period_end") WHERE "former_names" <> '{}';
