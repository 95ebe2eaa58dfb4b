-- AlterTable
ALTER TABLE "account" ADD COLUMN     "former_names" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];


-- What follows is written by hand.

-- Few accounts are ever renamed, and every reservation looks among them.
CREATE INDEX "account_renamed" ON "account"("repository_id", "kind") WHERE "former_names" <> '{}';
