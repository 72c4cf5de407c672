-- CreateIndex
CREATE INDEX "User_elevated_id_idx" ON "User"("access", "disabled", "id") WHERE "accessUntil" IS NOT NULL;

-- CreateIndex
CREATE INDEX "User_elevated_nameKey_idx" ON "User"("access", "disabled", "nameKey") WHERE "accessUntil" IS NOT NULL;

-- CreateIndex
CREATE INDEX "User_elevated_emailKey_idx" ON "User"("access", "disabled", "emailKey") WHERE "accessUntil" IS NOT NULL;
