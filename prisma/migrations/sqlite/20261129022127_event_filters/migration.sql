-- CreateIndex
CREATE INDEX "AuditEvent_actorId_action_id_idx" ON "AuditEvent"("actorId", "action", "id");

-- CreateIndex
CREATE INDEX "AuditEvent_targetId_action_id_idx" ON "AuditEvent"("targetId", "action", "id");

-- CreateIndex
CREATE INDEX "AuditEvent_actorId_targetId_id_idx" ON "AuditEvent"("actorId", "targetId", "id");
