/**
 * `npm run generate`: generates the two Prisma clients from one schema. npm runs it after `npm ci`.
 *
 * Prisma allows one provider per schema, so the Postgres variant is derived here: the same models with
 * another provider and output folder. The step takes seconds, so it is skipped when the existing clients come
 * from the same schema and generator. When Prisma's command line is not installed, it changes nothing and
 * says so.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const require = createRequire(import.meta.url);
const { supported, explainVersion } = require('../bin/node-version.js');

// `npm start`, `npm run dev` and the tests run this first. Older versions lack what is used from here on.
if (!supported(process.versions.node)) {
  process.stderr.write(`latchkey: ${explainVersion(process.versions.node, 'install Node.js 24')}\n`);
  process.exit(1);
}

const root = resolve(import.meta.dirname, '..');
const generated = resolve(root, 'src/db/generated');
const stamp = resolve(generated, 'stamp');

const sqlite = readFileSync(resolve(root, 'prisma/schema.prisma'), 'utf8');
const prismaPackage = findPrisma();
if (prismaPackage !== undefined) update(prismaPackage);
else if (!existsSync(stamp))
  process.stderr.write(
    'The Prisma clients were not generated, for Prisma is not installed: run npm ci, with --omit=dev at most\n',
  );

/** @returns {string | undefined} the path of its package.json */
function findPrisma() {
  try {
    return require.resolve('prisma/package.json');
  } catch {
    return undefined;
  }
}

/** @param {string} prisma the path of its package.json */
function update(prisma) {
  const fingerprint = createHash('sha256').update(sqlite).update(readFileSync(prisma)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return;
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated, { recursive: true });
  generate(prisma, 'sqlite', sqlite);
  generate(
    prisma,
    'postgresql',
    sqlite
      .replace('provider = "sqlite"', 'provider = "postgresql"')
      .replace('generated/sqlite', 'generated/postgresql'),
  );
  writeFileSync(stamp, fingerprint);
}

/**
 * Runs `prisma generate` on a schema text, from a file beside the original so that relative paths work.
 *
 * @param {string} prisma the path of its package.json
 * @param {string} name of the file
 * @param {string} schema
 */
function generate(prisma, name, schema) {
  const file = resolve(root, `prisma/.${name}.prisma`);
  writeFileSync(file, schema);
  try {
    execFileSync(process.execPath, [resolve(prisma, '../build/index.js'), 'generate', `--schema=${file}`], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      // Generation needs no schema engine, but the command downloads one unless it is given an executable.
      env: {
        ...process.env,
        PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
      },
    });
  } finally {
    rmSync(file);
  }
}
