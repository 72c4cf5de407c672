-- CreateTable
CREATE TABLE "Erasure" (
    "subjectId" TEXT NOT NULL PRIMARY KEY,
    "requestedAt" DATETIME NOT NULL
);
