-- DropIndex
DROP INDEX "AuditEvent_number_key";

-- DropIndex
DROP INDEX "Mail_outcome_nextAttemptAt_idx";

-- CreateIndex
CREATE INDEX "AuditEvent_unsealed_idx" ON "AuditEvent"("id") WHERE ("number" IS NULL);

-- CreateIndex
CREATE UNIQUE INDEX "AuditEvent_number_key" ON "AuditEvent"("number") WHERE ("number" IS NOT NULL);

-- CreateIndex
CREATE INDEX "FailedTries_none_idx" ON "FailedTries"("countedAt") WHERE ("failures" = 0);

-- CreateIndex
CREATE INDEX "Mail_waiting_nextAttemptAt_idx" ON "Mail"("nextAttemptAt") WHERE ("outcome" IS NULL);

-- CreateIndex
CREATE INDEX "Mail_waiting_notAfter_idx" ON "Mail"("notAfter") WHERE ("outcome" IS NULL);
