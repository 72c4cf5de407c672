-- CreateTable
CREATE TABLE "FailedTries" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "failures" INTEGER NOT NULL,
    "nextTryAt" DATETIME NOT NULL
);

-- CreateTable
CREATE TABLE "KnownNetwork" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "lastSeenAt" DATETIME NOT NULL,
    CONSTRAINT "KnownNetwork_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE INDEX "FailedTries_nextTryAt_idx" ON "FailedTries"("nextTryAt");

-- CreateIndex
CREATE INDEX "KnownNetwork_userId_idx" ON "KnownNetwork"("userId");

-- CreateIndex
CREATE INDEX "KnownNetwork_lastSeenAt_idx" ON "KnownNetwork"("lastSeenAt");
