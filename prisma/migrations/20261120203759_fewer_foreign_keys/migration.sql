-- DropForeignKey
ALTER TABLE "entry" DROP CONSTRAINT "entry_run_id_fkey";

-- DropForeignKey
ALTER TABLE "hold" DROP CONSTRAINT "hold_run_id_fkey";

-- DropForeignKey
ALTER TABLE "run" DROP CONSTRAINT "run_repository_id_fkey";

-- DropForeignKey
ALTER TABLE "session" DROP CONSTRAINT "session_repository_id_fkey";
