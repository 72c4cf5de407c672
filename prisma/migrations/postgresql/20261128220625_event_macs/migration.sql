-- AlterTable
ALTER TABLE "AuditChain" ADD COLUMN     "macsFrom" TIMESTAMP(3),
ADD COLUMN     "macsFromCode" TEXT;

-- AlterTable
ALTER TABLE "AuditEvent" ADD COLUMN     "mac" TEXT;
