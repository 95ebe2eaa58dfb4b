-- Rows that were there before have their numbers by where they lay. What still waits is handled in the order in which it came.
WITH waiting AS (
    SELECT "delivery_id", row_number() OVER (ORDER BY "received_at", "number") AS "place" FROM "webhook" WHERE "handled_at" IS NULL
), numbers AS (
    SELECT "number", row_number() OVER (ORDER BY "number") AS "place" FROM "webhook" WHERE "handled_at" IS NULL
)
UPDATE "webhook" SET "number" = numbers."number" FROM waiting JOIN numbers USING ("place")
WHERE "webhook"."delivery_id" = waiting."delivery_id" AND "webhook"."number" <> numbers."number";
