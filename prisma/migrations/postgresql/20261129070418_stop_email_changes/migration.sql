-- AlterTable
ALTER TABLE "EmailChange" ADD COLUMN     "epoch" INTEGER;

-- CreateTable
CREATE TABLE "EmailChangeStop" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "EmailChangeStop_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "EmailChangeStop_tokenHash_key" ON "EmailChangeStop"("tokenHash");

-- CreateIndex
CREATE INDEX "EmailChangeStop_userId_idx" ON "EmailChangeStop"("userId");

-- CreateIndex
CREATE INDEX "EmailChangeStop_expiresAt_idx" ON "EmailChangeStop"("expiresAt");

-- AddForeignKey
ALTER TABLE "EmailChangeStop" ADD CONSTRAINT "EmailChangeStop_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
