-- AlterTable
ALTER TABLE "run" ADD COLUMN     "claim_step" TEXT,
ADD COLUMN     "decide_after" TIMESTAMPTZ(3),
ADD COLUMN     "delivered_at" TIMESTAMPTZ(3),
ADD COLUMN     "delivering_until" TIMESTAMPTZ(3),
ADD COLUMN     "go_key" TEXT,
ADD COLUMN     "heard_at" TIMESTAMPTZ(3),
ADD COLUMN     "reserved_at" TIMESTAMPTZ(3);
