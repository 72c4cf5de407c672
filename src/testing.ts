import { randomBytes } from 'node:crypto';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { Factors } from './access/guard.ts';
import { makeChange } from './accounts/change.ts';
import { openSession } from './accounts/sessions/sessions.ts';
import { buildUserRow, insertUser } from './accounts/users/users.ts';
import { noRequest } from './audit/event.ts';
import { newId } from './lib/id.ts';
import { serviceOf } from './service/service-of.ts';

/** The user as whom a test sends requests. */
export interface InjectAsOptions {
  /** The name or the number of a level. */
  readonly access: string | number;
  /** Number of factors of the session: 1 by default. */
  readonly factors?: Factors;
  readonly name?: string;
}

/** Sends requests like `app.inject`, with the token of a user. */
export interface SignedInInject {
  (request: InjectOptions | string): Promise<LightMyRequestResponse>;
  readonly userId: string;
  readonly accessToken: string;
}

/**
 * Creates a user with a session, for tests of your own routes, and returns an `inject` with a real token. No
 * password opens the account. The app has to be ready: `await app.ready()`.
 *
 * @throws {Error} when there is no such level, or the app has no Latchkey
 * @example
 * const inject = await injectAs(app, { access: 'admin' });
 * const { statusCode } = await inject('/reports');
 */
export async function injectAs(
  app: FastifyInstance,
  { access, factors = 1, name = 'Test' }: InjectAsOptions,
): Promise<SignedInInject> {
  const { accounts, levels, tokens } = serviceOf(app);
  const number = typeof access === 'string' ? levels.numberOf(access) : access;
  if (!levels.has(number)) throw new Error(`access must be one of ${levels.describe()}`);
  const email = `${newId()}@test.invalid`;
  const row = buildUserRow({ name, email, passwordHash: unknownPassword(), access: number });
  const creation = { action: 'user.created', requestContext: noRequest } as const;
  const { id } = await makeChange(accounts, (change) => insertUser(change, row, creation));
  const amr = factors === 2 ? (['pwd', 'otp'] as const) : (['pwd'] as const);
  const { accessToken } = tokens.issue(await openSession(accounts, { id, epoch: 0, amr }, noRequest));
  const inject = (request: InjectOptions | string) => {
    const options = typeof request === 'string' ? { url: request } : request;
    const headers = { ...options.headers, authorization: `Bearer ${accessToken}` };
    return app.inject({ ...options, headers });
  };
  return Object.assign(inject, { userId: id, accessToken });
}

/** Returns a hash whose password is not known. */
function unknownPassword(): string {
  const [salt, hash] = [randomBytes(16), randomBytes(32)].map((bytes) =>
    bytes.toString('base64').replace(/=+$/, ''),
  );
  return `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash}`;
}
