-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "tokensIssuedAt" TIMESTAMP(3);
