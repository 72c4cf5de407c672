import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Type } from 'typebox';
import { ALL_OPERATIONS } from '../../access/api-key-claims.ts';
import { GUARD_OPERATIONS } from '../../access/key-operations.ts';
import { AccessLevels } from '../../access/levels.ts';
import { ApiKeyName, type NewApiKey } from '../../accounts/api-keys/schemas.ts';
import { operator } from '../../accounts/context.ts';
import { type Config, packageRoot, readConfig } from '../../config/index.ts';
import { compile } from '../../lib/compile-schema.ts';
import { checkOption, parseLevel } from '../check-input.ts';
import { print } from '../print.ts';
import { UsageError } from '../usage-error.ts';
import { findServiceAccountBy } from './find-service-account.ts';

const DAY_MS = 86_400_000;
const MAX_DAYS = 366;

/** Checks the part of the OpenAPI document that names the operations. */
const isContract = compile(
  Type.Object({
    paths: Type.Record(
      Type.String(),
      Type.Record(Type.String(), Type.Object({ operationId: Type.Optional(Type.String()) })),
    ),
  }),
);

/** Options on the command line. */
export interface KeyCreateOptions {
  readonly serviceAccount?: string;
  readonly access?: string;
  readonly operations?: string;
  readonly forGuard?: boolean;
  readonly name: string;
  readonly days: string;
  readonly json?: boolean;
}

/**
 * Runs `latchkey key create`.
 *
 * @throws {UsageError} when an option breaks a rule
 * @throws {Problem} when there is no such service account, or it has too many keys
 */
export async function createKeyFromCommandLine(options: KeyCreateOptions): Promise<void> {
  const config = readConfig();
  checkOption('--name', ApiKeyName, options.name);
  const made = await (options.forGuard ? createForGuard(config, options) : createForAccount(config, options));
  await print(`${options.json ? JSON.stringify(made) : made.key}\n`);
}

async function createForGuard(config: Config, options: KeyCreateOptions): Promise<NewApiKey> {
  for (const name of ['serviceAccount', 'access', 'operations'] as const)
    if (options[name] !== undefined)
      throw new UsageError('--for-guard is for the service account guard: leave out the other options');
  const expiresAt = parseDays(options.days);
  const [{ withExistingAccounts }, { createGuardKey }] = await Promise.all([
    import('../accounts.ts'),
    import('../../accounts/api-keys/guard-key.ts'),
  ]);
  return withExistingAccounts(config, (context) => createGuardKey(context, options.name, expiresAt));
}

async function createForAccount(config: Config, options: KeyCreateOptions): Promise<NewApiKey> {
  const { serviceAccount, access: level, name } = options;
  if (serviceAccount === undefined || level === undefined)
    throw new UsageError('give --service-account and --access, or --for-guard');
  const access = parseLevel(level, new AccessLevels(config.accessLevels));
  const operations = await parseOperations(options.operations);
  const expiresAt = parseDays(options.days);
  const [{ withExistingAccounts }, { createServiceApiKey }] = await Promise.all([
    import('../accounts.ts'),
    import('../../accounts/api-keys/create.ts'),
  ]);
  return withExistingAccounts(config, async (context) => {
    const { id } = await findServiceAccountBy(context, serviceAccount);
    // Operations of own routes are not known here, and an operator may name every one.
    const wanted = { name, access, expiresAt, namesStepUp: operations !== undefined };
    return createServiceApiKey(context, operator, id, {
      ...wanted,
      ...(operations !== undefined && { operations }),
    });
  });
}

/** A minute less than the days: the clocks of the process and of the database differ. */
function parseDays(text: string): Date {
  const days = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : Number.NaN;
  if (!(days <= MAX_DAYS)) throw new UsageError(`--days must be a whole number from 1 to ${MAX_DAYS}`);
  return new Date(Date.now() + days * DAY_MS - 60_000);
}

/** Checks the names of operations. Those of own routes are not in the contract of the package: they warn. */
async function parseOperations(text: string | undefined): Promise<readonly string[] | undefined> {
  if (text === undefined) return undefined;
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  if (names.some((name) => !/^(?:\*|[\w.-]{1,100})$/.test(name)))
    throw new UsageError('--operations must be operationIds with commas between them, or *');
  const known = new Set<string>([ALL_OPERATIONS, ...GUARD_OPERATIONS, ...(await readOperationIds())]);
  for (const name of names.filter((one) => !known.has(one)))
    process.stderr.write(
      `latchkey: ${name} is no operation of Latchkey itself. Is it one of your own routes?\n`,
    );
  return names;
}

async function readOperationIds(): Promise<string[]> {
  const text = await readFile(resolve(packageRoot, 'openapi', 'openapi.json'), 'utf8');
  const document: unknown = JSON.parse(text);
  if (!isContract(document)) throw new Error('openapi/openapi.json has no paths: install the package again');
  return Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ operationId }) => operationId ?? []),
  );
}
