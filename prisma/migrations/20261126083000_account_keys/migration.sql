-- DropForeignKey
ALTER TABLE "entry" DROP CONSTRAINT "entry_account_id_fkey";

-- DropForeignKey
ALTER TABLE "hold" DROP CONSTRAINT "hold_account_id_fkey";


-- What follows is written by hand.

-- An entry and a hold are written by one statement with their account's row, which counts the rows (docs/decisions/ledger-writes.md).
-- So that none ever stands alone, no account goes away.
CREATE FUNCTION "account_refuse_removal"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an account is never deleted, and keeps its id: entries and holds name it'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER "account_stays" BEFORE DELETE OR TRUNCATE OR UPDATE OF "id" ON "account"
    FOR EACH STATEMENT EXECUTE FUNCTION "account_refuse_removal"();
