-- AlterTable
ALTER TABLE "Session" ADD COLUMN "cookie" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "SignInChallenge" ADD COLUMN "cookie" BOOLEAN NOT NULL DEFAULT false;
