-- CreateTable
CREATE TABLE "Erasure" (
    "subjectId" TEXT NOT NULL,
    "requestedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Erasure_pkey" PRIMARY KEY ("subjectId")
);
