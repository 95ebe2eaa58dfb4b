-- A run may hand its words over as an issue.
ALTER TABLE "run"
    DROP CONSTRAINT "run_delivery",
    ADD CONSTRAINT "run_delivery" CHECK ("delivery" IN ('commit', 'pull-request', 'review', 'comment', 'issue', 'none'));
