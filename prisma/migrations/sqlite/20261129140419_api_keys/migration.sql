-- CreateTable
CREATE TABLE "ApiKey" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "access" INTEGER NOT NULL,
    "operations" TEXT,
    "epoch" INTEGER NOT NULL,
    "makerId" TEXT,
    "createdAt" DATETIME NOT NULL,
    "expiresAt" DATETIME NOT NULL,
    "lastUsedAt" DATETIME,
    "lastUsedIp" TEXT,
    "remindedAt" DATETIME,
    "standsForSignIn" BOOLEAN NOT NULL,
    CONSTRAINT "ApiKey_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "BootstrapKey" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "seenAt" DATETIME NOT NULL
);

-- AlterTable
-- By hand, for Prisma would copy the whole table.
ALTER TABLE "User" ADD COLUMN "kind" TEXT NOT NULL DEFAULT 'person';

-- CreateIndex
CREATE INDEX "User_service_idx" ON "User"("access", "disabled", "id") WHERE "kind" = 'service';

-- CreateIndex
CREATE INDEX "ApiKey_userId_idx" ON "ApiKey"("userId");

-- CreateIndex
CREATE INDEX "ApiKey_expiresAt_idx" ON "ApiKey"("expiresAt");

-- CreateIndex
CREATE INDEX "ApiKey_unreminded_expiresAt_idx" ON "ApiKey"("expiresAt") WHERE "remindedAt" IS NULL;
