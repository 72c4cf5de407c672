-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "repeatedRotation" INTEGER,
ADD COLUMN     "repeats" INTEGER,
ADD COLUMN     "repeatsSince" TIMESTAMP(3),
ADD COLUMN     "rotatedBefore" TIMESTAMP(3),
ADD COLUMN     "rotatedNetwork" TEXT,
ADD COLUMN     "rotatedUserAgent" TEXT;
