-- AlterTable
ALTER TABLE "AuditChain" ADD COLUMN "macsFrom" DATETIME;
ALTER TABLE "AuditChain" ADD COLUMN "macsFromCode" TEXT;

-- AlterTable
ALTER TABLE "AuditEvent" ADD COLUMN "mac" TEXT;
