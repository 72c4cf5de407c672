-- CreateTable
CREATE TABLE "FailedTries" (
    "id" TEXT NOT NULL,
    "failures" DOUBLE PRECISION NOT NULL,
    "countedAt" DOUBLE PRECISION NOT NULL,
    "nextTryAt" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "FailedTries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "KnownNetwork" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "lastSeenAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "KnownNetwork_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "FailedTries_countedAt_idx" ON "FailedTries"("countedAt");

-- CreateIndex
CREATE INDEX "KnownNetwork_userId_idx" ON "KnownNetwork"("userId");

-- CreateIndex
CREATE INDEX "KnownNetwork_lastSeenAt_idx" ON "KnownNetwork"("lastSeenAt");

-- AddForeignKey
ALTER TABLE "KnownNetwork" ADD CONSTRAINT "KnownNetwork_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
