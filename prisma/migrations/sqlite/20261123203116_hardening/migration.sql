-- CreateTable
CREATE TABLE "FailedTries" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "failures" REAL NOT NULL,
    "countedAt" REAL NOT NULL,
    "nextTryAt" REAL NOT NULL
);

-- CreateTable
CREATE TABLE "KnownNetwork" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "userId" TEXT NOT NULL,
    "lastSeenAt" DATETIME NOT NULL,
    CONSTRAINT "KnownNetwork_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE INDEX "FailedTries_countedAt_idx" ON "FailedTries"("countedAt");

-- CreateIndex
CREATE INDEX "KnownNetwork_userId_idx" ON "KnownNetwork"("userId");

-- CreateIndex
CREATE INDEX "KnownNetwork_lastSeenAt_idx" ON "KnownNetwork"("lastSeenAt");
