/**
 * Generates the two Prisma clients from the one schema.
 *
 * Prisma fixes the provider per schema, so the Postgres variant is derived here: the same models with
 * another provider and output folder. Skipped when the clients on disk were made from the same schema
 * by the same generator, for it costs seconds.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const generated = resolve(root, 'src/db/generated');
const stamp = resolve(generated, 'stamp');
const prismaPackage = createRequire(import.meta.url).resolve('prisma/package.json');

const sqlite = readFileSync(resolve(root, 'prisma/schema.prisma'), 'utf8');
const fingerprint = createHash('sha256').update(sqlite).update(readFileSync(prismaPackage)).digest('hex');

/** Runs `prisma generate` on a schema text, from a file beside the original so that relative paths hold. */
function generate(name: string, schema: string): void {
  const file = resolve(root, `prisma/.${name}.prisma`);
  writeFileSync(file, schema);
  try {
    execFileSync(
      process.execPath,
      [resolve(prismaPackage, '../build/index.js'), 'generate', `--schema=${file}`],
      {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit'],
        // Generation needs no schema engine, yet the CLI downloads one unless it is told of some executable.
        env: {
          ...process.env,
          PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
          PRISMA_HIDE_UPDATE_MESSAGE: '1',
        },
      },
    );
  } finally {
    rmSync(file);
  }
}

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== fingerprint) {
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated, { recursive: true });
  generate('sqlite', sqlite);
  generate(
    'postgresql',
    sqlite
      .replace('provider = "sqlite"', 'provider = "postgresql"')
      .replace('generated/sqlite', 'generated/postgresql'),
  );
  writeFileSync(stamp, fingerprint);
}
