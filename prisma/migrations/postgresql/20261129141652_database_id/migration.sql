-- CreateTable
CREATE TABLE "DatabaseIdentity" (
    "id" INTEGER NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "DatabaseIdentity_pkey" PRIMARY KEY ("id")
);
