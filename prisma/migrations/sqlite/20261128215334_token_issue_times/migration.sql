-- AlterTable
ALTER TABLE "Session" ADD COLUMN "tokensIssuedAt" DATETIME;
