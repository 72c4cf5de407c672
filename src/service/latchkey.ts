import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { operator } from '../accounts/context.ts';
import { EmailAddress, NewPassword, Reason, type User, UserName } from '../accounts/users/schemas.ts';
import { changeUser } from '../accounts/users/update.ts';
import { createUser, findUser, findUserByEmail } from '../accounts/users/users.ts';
import { noRequest } from '../audit/event.ts';
import type { AccessLevel } from '../config/index.ts';
import { compile } from '../lib/compile-schema.ts';
import { invalidBody } from '../problems/problem.ts';
import { serviceOf } from './service-of.ts';

/** A user that code creates. */
export interface NewUser {
  readonly name: string;
  readonly email: string;
  readonly password: string;
  /** The name or the number of a level (default: `user`). */
  readonly access?: string | number | undefined;
}

/** The properties that code gives to a user. Those that are left out stay. */
export interface UserChange {
  readonly name?: string;
  readonly disabled?: boolean;
  /** The name or the number of a level. */
  readonly access?: string | number;
  /** The end of the level; null for none. After it, the level before holds again. */
  readonly accessUntil?: Date | null;
  /** The reason, for the audit. */
  readonly reason?: string;
}

/**
 * The accounts, for code in the same process. Changes are those of the command line: they are audited, revoke
 * tokens and send notices, and no level is too high for them. Call them for your own code, never for a caller
 * whose level you have not checked.
 */
export interface Latchkey {
  /** The access levels, ascending by number. */
  readonly levels: readonly AccessLevel[];
  readonly users: {
    /** Finds a user. @throws {Problem} `user-not-found` */
    find(id: string): Promise<User>;
    /** Finds a user by address, in any case. @throws {Problem} `user-not-found` */
    findByEmail(email: string): Promise<User>;
    /**
     * Creates a user.
     *
     * @throws {Problem} `validation-failed`; `email-taken`
     */
    create(user: NewUser): Promise<User>;
    /**
     * Changes a user. Another level revokes the user's tokens, and disabling ends the sessions.
     *
     * @throws {Problem} `validation-failed`; `user-not-found`; `last-admin`
     */
    change(id: string, wanted: UserChange): Promise<User>;
  };
  /** Returns the OpenAPI document of the service. Call it when the app is ready. */
  contract(): object;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The accounts of the service, for code of your own. */
    readonly latchkey: Latchkey;
  }
}

/** Makes the public members of the service of an app. */
export function latchkeyOf(app: FastifyInstance): Latchkey {
  const service = serviceOf(app);
  const { accounts, levels, config } = service;
  // One schema: ajv keeps what it has compiled by the schema itself.
  const Password = NewPassword(config.passwordMinLength);
  const levelOf = (access: string | number): number => {
    const number = typeof access === 'string' ? levels.numberOf(access) : access;
    if (!levels.has(number))
      throw invalidBody('/access', 'not-listed', `must be one of ${levels.describe()}`);
    return number;
  };
  return {
    levels: levels.all,
    users: {
      find: (id) => findUser(accounts, id),
      findByEmail: (email) => findUserByEmail(accounts, email),
      create: async ({ access = levels.default, name, email, password }) => {
        check('/name', UserName, name);
        check('/email', EmailAddress, email);
        check('/password', Password, password);
        const user = { name, email, password, access: levelOf(access) };
        return createUser(accounts, user, { action: 'user.created', requestContext: noRequest });
      },
      change: async (id, { access, ...wanted }) => {
        if (wanted.name !== undefined) check('/name', UserName, wanted.name);
        if (wanted.reason !== undefined) check('/reason', Reason, wanted.reason);
        const all = { ...wanted, ...(access !== undefined && { access: levelOf(access) }) };
        return changeUser(accounts, operator, id, all, () => {});
      },
    },
    contract: () => service.swagger(),
  };
}

/** Checks a value with the schema of the API. @throws {Problem} `validation-failed` */
function check(pointer: string, schema: TSchema & { description?: string }, value: unknown): void {
  if (!compile(schema)(value)) throw invalidBody(pointer, 'invalid', `must be ${schema.description}`);
}
