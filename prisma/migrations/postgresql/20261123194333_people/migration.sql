-- DropIndex
DROP INDEX "User_access_idx";

-- DropIndex
DROP INDEX "User_disabled_idx";

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "accessUntil" TIMESTAMP(3),
ADD COLUMN     "emailKey" TEXT,
ADD COLUMN     "nameKey" TEXT,
ADD COLUMN     "permanentAccess" INTEGER;

-- Names that are not ASCII alone are folded by the service at its next start; SQL has no function for it.
UPDATE "User" SET
    "permanentAccess" = "access",
    "emailKey" = encode(convert_to("email", 'UTF8'), 'hex'),
    "nameKey" = CASE WHEN octet_length("name") = char_length("name")
        THEN encode(convert_to(lower("name" COLLATE "C"), 'UTF8'), 'hex') || '00' || replace("id", '-', '')
        ELSE 'x' || "id"
    END;

ALTER TABLE "User" ALTER COLUMN "emailKey" SET NOT NULL,
ALTER COLUMN "nameKey" SET NOT NULL,
ALTER COLUMN "permanentAccess" SET NOT NULL;

-- CreateTable
CREATE TABLE "AdminLock" (
    "id" INTEGER NOT NULL,
    "turns" INTEGER NOT NULL,

    CONSTRAINT "AdminLock_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SigningKey" (
    "kid" TEXT NOT NULL,
    "algorithm" TEXT NOT NULL,
    "recordedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "SigningKey_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "Invitation" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "email" TEXT,
    "name" TEXT,
    "access" INTEGER NOT NULL,
    "inviterId" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Invitation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Registration" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "passwordHash" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Registration_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PasswordReset" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "PasswordReset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EmailChange" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "EmailChange_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Mail" (
    "id" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "template" TEXT NOT NULL,
    "values" TEXT,
    "limited" BOOLEAN NOT NULL,
    "attempts" INTEGER NOT NULL,
    "nextAttemptAt" TIMESTAMP(3) NOT NULL,
    "notAfter" TIMESTAMP(3) NOT NULL,
    "outcome" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Mail_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditEvent" (
    "id" TEXT NOT NULL,
    "number" INTEGER,
    "code" TEXT,
    "action" TEXT NOT NULL,
    "actorId" TEXT,
    "targetId" TEXT,
    "before" TEXT,
    "after" TEXT,
    "count" INTEGER NOT NULL,
    "requestId" TEXT,
    "actorHash" TEXT,
    "targetHash" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "AuditEvent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PersonalData" (
    "eventId" TEXT NOT NULL,
    "part" TEXT NOT NULL,
    "subjectId" TEXT,
    "salt" TEXT NOT NULL,
    "data" TEXT NOT NULL,

    CONSTRAINT "PersonalData_pkey" PRIMARY KEY ("eventId","part")
);

-- CreateTable
CREATE TABLE "AuditChain" (
    "id" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "headNumber" INTEGER NOT NULL,
    "headCode" TEXT NOT NULL,
    "anchorNumber" INTEGER NOT NULL,
    "anchorCode" TEXT NOT NULL,
    "endsCode" TEXT NOT NULL,
    "sealedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "AuditChain_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "IdempotentRequest" (
    "id" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "answer" TEXT,
    "startedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "IdempotentRequest_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Invitation_tokenHash_key" ON "Invitation"("tokenHash");

-- CreateIndex
CREATE UNIQUE INDEX "Invitation_email_key" ON "Invitation"("email");

-- CreateIndex
CREATE INDEX "Invitation_inviterId_idx" ON "Invitation"("inviterId");

-- CreateIndex
CREATE INDEX "Invitation_expiresAt_idx" ON "Invitation"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "Registration_tokenHash_key" ON "Registration"("tokenHash");

-- CreateIndex
CREATE INDEX "Registration_email_idx" ON "Registration"("email");

-- CreateIndex
CREATE INDEX "Registration_expiresAt_idx" ON "Registration"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "PasswordReset_tokenHash_key" ON "PasswordReset"("tokenHash");

-- CreateIndex
CREATE INDEX "PasswordReset_userId_idx" ON "PasswordReset"("userId");

-- CreateIndex
CREATE INDEX "PasswordReset_expiresAt_idx" ON "PasswordReset"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "EmailChange_tokenHash_key" ON "EmailChange"("tokenHash");

-- CreateIndex
CREATE INDEX "EmailChange_userId_idx" ON "EmailChange"("userId");

-- CreateIndex
CREATE INDEX "EmailChange_expiresAt_idx" ON "EmailChange"("expiresAt");

-- CreateIndex
CREATE INDEX "Mail_outcome_nextAttemptAt_idx" ON "Mail"("outcome", "nextAttemptAt");

-- CreateIndex
CREATE INDEX "Mail_recipient_createdAt_idx" ON "Mail"("recipient", "createdAt");

-- CreateIndex
CREATE INDEX "Mail_createdAt_idx" ON "Mail"("createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "AuditEvent_number_key" ON "AuditEvent"("number");

-- CreateIndex
CREATE INDEX "AuditEvent_actorId_id_idx" ON "AuditEvent"("actorId", "id");

-- CreateIndex
CREATE INDEX "AuditEvent_targetId_id_idx" ON "AuditEvent"("targetId", "id");

-- CreateIndex
CREATE INDEX "AuditEvent_action_id_count_idx" ON "AuditEvent"("action", "id", "count");

-- CreateIndex
CREATE INDEX "PersonalData_subjectId_idx" ON "PersonalData"("subjectId");

-- CreateIndex
CREATE INDEX "IdempotentRequest_startedAt_idx" ON "IdempotentRequest"("startedAt");

-- CreateIndex
CREATE UNIQUE INDEX "User_nameKey_key" ON "User"("nameKey");

-- CreateIndex
CREATE UNIQUE INDEX "User_emailKey_key" ON "User"("emailKey");

-- CreateIndex
CREATE INDEX "User_access_disabled_id_idx" ON "User"("access", "disabled", "id");

-- CreateIndex
CREATE INDEX "User_access_disabled_nameKey_idx" ON "User"("access", "disabled", "nameKey");

-- CreateIndex
CREATE INDEX "User_access_disabled_emailKey_idx" ON "User"("access", "disabled", "emailKey");

-- CreateIndex
CREATE INDEX "User_permanentAccess_disabled_idx" ON "User"("permanentAccess", "disabled");

-- CreateIndex
CREATE INDEX "User_accessUntil_idx" ON "User"("accessUntil");

-- AddForeignKey
ALTER TABLE "Invitation" ADD CONSTRAINT "Invitation_inviterId_fkey" FOREIGN KEY ("inviterId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EmailChange" ADD CONSTRAINT "EmailChange_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The one row of the lock.
INSERT INTO "AdminLock" ("id", "turns") VALUES (1, 0);
