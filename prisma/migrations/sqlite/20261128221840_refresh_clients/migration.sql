-- AlterTable
ALTER TABLE "Session" ADD COLUMN "repeatedRotation" INTEGER;
ALTER TABLE "Session" ADD COLUMN "repeats" INTEGER;
ALTER TABLE "Session" ADD COLUMN "repeatsSince" DATETIME;
ALTER TABLE "Session" ADD COLUMN "rotatedBefore" DATETIME;
ALTER TABLE "Session" ADD COLUMN "rotatedNetwork" TEXT;
ALTER TABLE "Session" ADD COLUMN "rotatedUserAgent" TEXT;
