-- What `prisma migrate` would make of schema.prisma, in a schema of its own.
CREATE SCHEMA IF NOT EXISTS "app";
CREATE TABLE IF NOT EXISTS "app"."Note" ("id" SERIAL PRIMARY KEY, "author" TEXT NOT NULL, "text" TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS "Note_author_idx" ON "app"."Note" ("author");
