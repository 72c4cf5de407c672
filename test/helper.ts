/** Builds the app like src/server.ts, on its own database, and talks to it like a client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { hashPassword, OWASP_PARAMETERS, setHashParameters } from '#latchkey/accounts/passwords/hash.ts';
import { openSession } from '#latchkey/accounts/sessions/sessions.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { type AppOptions, buildApp } from '#latchkey/app.ts';
import { parseConfig } from '#latchkey/config/index.ts';
import { serviceOf } from '#latchkey/service/service-of.ts';
import { checkAnswer } from './contract.ts';
import { createMigratedDatabase } from './database.ts';
import { noteSecret, noteSecretsIn } from './secret-log.ts';

export const PUBLIC_URL = 'http://latchkey.test';
export const PASSWORD = 'correct horse battery staple';

/** The request context of sessions that tests open without a request. */
export const device = { ip: '192.0.2.1', userAgent: 'test', requestId: null };

/** A twentieth of the work. Services in separate processes hash like the product. */
const CHEAP_PARAMETERS = { memoryCost: 1024, timeCost: 2, parallelism: 1 };

/** A hash of {@link PASSWORD}, with cheap parameters. */
let passwordHash: Promise<string> | undefined;

/** The members of a `t` that the helper needs. */
export interface Teardown {
  teardown(fn: () => Promise<void> | void): void;
}

export interface Answer {
  readonly status: number;
  readonly headers: LightMyRequestResponse['headers'];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the contract is checked beside it
  readonly body: any;
}

export interface Ask {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** A signed-in user. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly token: string;
  readonly refreshToken: string;
}

export interface Api {
  /** The scope of the service, which has its accounts and tokens. */
  readonly app: FastifyInstance;
  /** The server around it, which listens and closes. */
  readonly server: FastifyInstance;
  readonly databaseUrl: string;
  /** Sends a request; the answer is checked against openapi/openapi.json. */
  ask(method: NonNullable<InjectOptions['method']>, url: string, options?: Ask): Promise<Answer>;
  /** Creates a signed-in user with {@link PASSWORD}, without the 50 ms of a registration and a sign-in. */
  person(access: number, name?: string): Promise<Person>;
  /** Opens another session of a user without a password, and returns its access token. */
  sessionToken(id: string): Promise<string>;
}

/** Makes an environment for tests, with its own folder and database. */
export async function environment(
  t: Teardown,
  variables: Record<string, string> = {},
): Promise<Record<string, string>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  const { url } = await createMigratedDatabase(t);
  return {
    DATA_DIR: dataDir,
    DATABASE_URL: url,
    PUBLIC_URL,
    // Plain http has no passkeys.
    RP_ID: 'latchkey.test',
    PASSKEY_ORIGINS: 'https://latchkey.test',
    // The runner searches the output for secrets.
    LOG_LEVEL: 'trace',
    RATE_LIMIT: '0',
    ...variables,
  };
}

export interface ApiOptions extends AppOptions {
  /** True to hash passwords with the product's parameters, for tests of hashes. */
  readonly hasRealHashes?: boolean;
}

/** Starts an app that is closed when the test ends. */
export async function startApi(
  t: Teardown,
  variables: Record<string, string> = {},
  { hasRealHashes = false, ...options }: ApiOptions = {},
): Promise<Api> {
  setHashParameters(hasRealHashes ? OWASP_PARAMETERS : CHEAP_PARAMETERS);
  t.teardown(() => setHashParameters(OWASP_PARAMETERS));
  const config = parseConfig(await environment(t, variables));
  // The test itself runs in the same event loop.
  const server = await buildApp(config, { maxEventLoopDelay: Number.POSITIVE_INFINITY, ...options });
  t.teardown(() => server.close());
  const app = serviceOf(server);
  t.teardown(() => noteHashes(app));
  await server.ready();
  noteSecret(PASSWORD);
  let people = 0;

  const ask: Api['ask'] = async (method, url, { token, body, headers } = {}) => {
    const response = await app.inject({
      method,
      url,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : Object(body) }),
    });
    checkAnswer(method, url, response);
    const isJson = /json/.test(String(response.headers['content-type']));
    const answer = isJson && response.body !== '' ? response.json() : undefined;
    noteSecret(token);
    noteSecretsIn([body, answer]);
    return { status: response.statusCode, headers: response.headers, text: response.body, body: answer };
  };

  const person: Api['person'] = async (access, name = 'Somebody') => {
    passwordHash ??= hashPassword(PASSWORD);
    const email = `person-${people++}@example.com`;
    const data = buildUserRow({ name, email, passwordHash: await passwordHash, access });
    const { id } = await app.accounts.db.user.create({ data });
    const grant = await openSession(app.accounts, { id, epoch: 0 }, device);
    const { accessToken } = app.tokens.issue(grant);
    const refreshToken = app.refreshTokens.write(grant);
    noteSecretsIn({ accessToken, refreshToken });
    return { id, email, token: accessToken, refreshToken };
  };

  const sessionToken: Api['sessionToken'] = async (id) => {
    const { epoch } = await app.accounts.db.user.findUniqueOrThrow({ where: { id } });
    return app.tokens.issue(await openSession(app.accounts, { id, epoch }, device)).accessToken;
  };

  return { app, server, databaseUrl: config.databaseUrl, ask, person, sessionToken };
}

/** Remembers the secrets that were left in the database. */
async function noteHashes({ accounts: { db } }: FastifyInstance): Promise<void> {
  try {
    noteSecretsIn(await db.user.findMany({ select: { passwordHash: true } }));
    noteSecretsIn(await db.registration.findMany({ select: { passwordHash: true, tokenHash: true } }));
    noteSecretsIn(await db.passwordReset.findMany({ select: { tokenHash: true } }));
    noteSecretsIn(await db.emailChange.findMany({ select: { tokenHash: true } }));
    noteSecretsIn(await db.invitation.findMany({ select: { tokenHash: true } }));
  } catch {
    // The test made the database unavailable.
  }
}
