-- AlterTable
ALTER TABLE "Mail" ADD COLUMN     "mailbox" TEXT;

-- CreateIndex
CREATE INDEX "Mail_mailbox_createdAt_idx" ON "Mail"("mailbox", "createdAt");
