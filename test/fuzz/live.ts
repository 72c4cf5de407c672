/** Existing users, their things and their tokens. They are created on demand, directly in the database. */
import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { makeApiKey } from '#latchkey/accounts/api-keys/create.ts';
import { newTotpSecret } from '#latchkey/accounts/authenticators/totp.ts';
import { operator } from '#latchkey/accounts/context.ts';
import { hashMailToken } from '#latchkey/accounts/mail-tokens.ts';
import { creationOptions } from '#latchkey/accounts/passkeys/options.ts';
import { hashPassword, unusableHash } from '#latchkey/accounts/passwords/hash.ts';
import { createServiceAccount } from '#latchkey/accounts/service-accounts/service-accounts.ts';
import type { SessionGrant } from '#latchkey/accounts/sessions/grant.ts';
import { openSession } from '#latchkey/accounts/sessions/sessions.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { newId } from '#latchkey/lib/id.ts';
import { Problem } from '#latchkey/problems/problem.ts';
import { hashApiKey } from '#latchkey/tokens/api-key.ts';
import type { Ceremony } from '#latchkey/tokens/passkey-challenges.ts';
import { Authenticator, addPasskey } from '../accounts/authenticator.ts';
import { readClaims } from '../accounts/client.ts';
import { codeOf } from '../accounts/second-factor.ts';
import { type Api, device, PASSWORD } from '../helper.ts';
import { type Fill, MARK } from './template.ts';

/** A user who sends requests. */
export interface Sender {
  readonly id: string;
  readonly accessToken: string;
}

const HOUR_MS = 3_600_000;

/** The secret of all authenticator apps: each account uses up its own codes. */
const totpSecret = new Secret({ size: 20 });

/** Forms of an address. The first three are equal to it, the others are not. */
const lookAlikes: Readonly<Record<string, (email: string) => string>> = {
  plain: (email) => email,
  upper: (email) => email.toUpperCase(),
  spaced: (email) => `  ${email} `,
  kelvin: (email) => email.replace('k', '\u212a'),
  dotless: (email) => email.replace('i', '\u0131'),
  'long-s': (email) => email.replace('s', '\u017f'),
  fullwidth: (email) => email.replace('@', '\uff20'),
  cyrillic: (email) => email.replace('e', '\u0435'),
  'zero-width': (email) => email.replace('@', '\u200b@'),
  combining: (email) => email.replace('@', '\u0301@'),
  dot: (email) => `${email}.`,
  // As an escape of JSON.
  nul: (email) => `${email}\\u0000`,
  plus: (email) => email.replace('@', '+a@'),
  quoted: (email) => `<${email}>`,
  comment: (email) => email.replace('@', '(a)@'),
  two: (email) => `${email},${email}`,
  header: (email) => `${email}\\r\\nBcc: ${email}`,
};

/** The existing data of one service. */
export class Live {
  readonly #api: Api;
  /** All issued tokens: none may be printed. */
  readonly secrets = new Set<string>();
  /** The last `nextCursor` of each operation. */
  readonly cursors = new Map<string, string>();
  /** The passkeys of users. */
  readonly #authenticators = new Map<string, Authenticator>();
  /** The sign-in challenge that was made last, and the passkey of its user. */
  #begun: { readonly id: string; readonly userId: string } | undefined;
  /** The flow of a mailed code that was made last. */
  #flow = '';
  readonly #hash = hashPassword(PASSWORD);
  #count = 0;
  #owner = '';

  constructor(api: Api) {
    this.#api = api;
  }

  /** Creates users, so that lists have several pages. */
  async populate(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#user(1);
  }

  /** Creates a user who is signed in. */
  async sender(access: number): Promise<Sender> {
    const { id } = await this.#user(access);
    const { app } = this.#api;
    const { accessToken } = app.tokens.issue(await openSession(app.accounts, { id, epoch: 0 }, device));
    this.secrets.add(accessToken);
    return { id, accessToken };
  }

  /** Resets all failed attempts. */
  async resetAttempts(): Promise<void> {
    await this.#api.app.accounts.db.failedTries.deleteMany();
  }

  /** Fills the places of a request of a sender. */
  fill(sender: Sender): Fill {
    return async (name, argument) => {
      if (name === 'self') return sender.id;
      if (name === 'session') return (await this.#session(sender.id)).sessionId;
      if (name === 'cursor') return this.cursors.get(argument) ?? 'none';
      if (name === 'email') return lookAlikes[argument || 'plain']?.((await this.#user(1)).email);
      const { [name]: make } = this.#makers;
      return make?.(sender);
    };
  }

  readonly #makers: Readonly<Record<string, (sender: Sender) => Promise<string>>> = {
    password: async () => PASSWORD,
    newPassword: async () => `${MARK} correct horse ${this.#count++}`,
    newEmail: async () => this.#newEmail(),
    user: async () => this.#own((await this.#user(1)).id),
    ownKey: async ({ id }) => this.#apiKey(id),
    // Of the owner whose place is before it.
    key: async () => this.#apiKey(this.#owner),
    sessionOfOwner: async () => (await this.#session(this.#owner)).sessionId,
    service: async () => this.#own(await this.#service()),
    refreshToken: async ({ id }) => this.#keep(this.#api.app.refreshTokens.write(await this.#session(id))),
    totpCode: async (sender) => this.#beginTotp(sender),
    secondFactor: async (sender) => this.#addSecondFactor(sender),
    passkeyId: async (sender) => this.#addPasskey(sender),
    attestation: async ({ id, accessToken }) => {
      const ceremony = { name: 'registration', id: readClaims(accessToken).sid } as const;
      const { accounts } = this.#api.app;
      const options = await creationOptions(accounts, ceremony, { id, email: 'fuzz', name: 'fuzz' });
      return JSON.stringify(new Authenticator().create(options));
    },
    invitation: async () => (await this.#invitation()).id,
    invitationToken: async () => (await this.#invitation()).token,
    newAccountPasskey: async () => {
      const person = { email: 'fuzz', name: 'fuzz' };
      const options = await creationOptions(this.#api.app.accounts, { name: 'new-account' }, person);
      return JSON.stringify(new Authenticator().create(options));
    },
    passkeyVerification: async () => {
      const row = {
        ...(await this.#mailed()),
        email: this.#newEmail(),
        name: 'Ada',
        passwordHash: unusableHash(),
        userId: newId(),
        passkey: '{}',
      };
      return this.#written(row, (data) => this.#api.app.accounts.db.registration.create({ data }));
    },
    flow: async () => {
      const { token, tokenHash: flowHash, ...row } = this.#mailed();
      const data = { ...row, flowHash, userId: (await this.#user(1)).id, epoch: 0, tries: 0 };
      await this.#api.app.accounts.db.mailCode.create({ data });
      this.#flow = token;
      return token;
    },
    flowCode: async () => this.#api.app.accounts.mailCodes.codeOf(this.#flow),
    verification: async () => {
      const row = {
        ...(await this.#mailed()),
        email: this.#newEmail(),
        name: 'Ada',
        passwordHash: await this.#hash,
      };
      return this.#written(row, (data) => this.#api.app.accounts.db.registration.create({ data }));
    },
    reset: async () => {
      const row = { ...(await this.#mailed()), userId: (await this.#user(1)).id };
      return this.#written(row, (data) => this.#api.app.accounts.db.passwordReset.create({ data }));
    },
    challenge: async () => {
      const { id: userId } = await this.#user(1);
      const { db, totpEncryption } = this.#api.app.accounts;
      const row = { ...(await this.#mailed()), userId, epoch: 0, amr: 'pwd', tries: 0 };
      const secret = totpEncryption.encrypt(totpSecret.base32, userId);
      await db.totp.create({ data: { userId, secret, lastStep: 0, createdAt: row.createdAt } });
      await db.user.update({ where: { id: userId }, data: { secondFactor: true } });
      await this.#authenticatorOf(userId);
      this.#begun = { id: row.id, userId };
      return this.#written(row, (data) => db.signInChallenge.create({ data }));
    },
    passkey: async () => this.#answer((await this.#user(1)).id, { name: 'sign-in' }),
    secondFactorPasskey: async () => {
      const { id, userId } = this.#begun ?? { id: '', userId: (await this.#user(1)).id };
      return this.#answer(userId, { name: 'second-factor', id });
    },
    ownPasskey: async ({ id, accessToken }) =>
      this.#answer(id, { name: 'reauthentication', id: readClaims(accessToken).sid }),
    addPasskey: async ({ id }) => {
      await this.#authenticatorOf(id);
      return '';
    },
    code: async () => new TOTP({ secret: totpSecret }).generate(),
    stop: async () => {
      const { id: userId, email } = await this.#user(1);
      const row = { ...(await this.#mailed()), userId, email };
      return this.#written(row, (data) => this.#api.app.accounts.db.emailChangeStop.create({ data }));
    },
  };

  /** The passkey of a user, who gets one; undefined when the user was deleted. */
  async #authenticatorOf(userId: string): Promise<Authenticator | undefined> {
    const known = this.#authenticators.get(userId);
    const { db } = this.#api.app.accounts;
    if (known !== undefined || (await db.user.count({ where: { id: userId } })) === 0) return known;
    const authenticator = await addPasskey(this.#api, userId);
    this.#authenticators.set(userId, authenticator);
    return authenticator;
  }

  /** The answer of a user's passkey to a new challenge, as JSON. */
  async #answer(userId: string, ceremony: Ceremony): Promise<string> {
    const { db, now, passkeyChallenges } = this.#api.app.accounts;
    const authenticator = await this.#authenticatorOf(userId);
    const options = passkeyChallenges.write(ceremony, await now(db));
    return JSON.stringify(authenticator?.get(options) ?? {});
  }

  #newEmail(): string {
    return `kiss-${this.#count++}@example.com`;
  }

  async #user(access: number): Promise<{ id: string; email: string }> {
    const data = buildUserRow({
      name: 'Ada',
      email: this.#newEmail(),
      passwordHash: await this.#hash,
      access,
    });
    await this.#api.app.accounts.db.user.create({ data });
    return data;
  }

  /** Returns another user when this one was deleted or disabled in the meantime. */
  async #session(id: string): Promise<SessionGrant> {
    const { accounts } = this.#api.app;
    try {
      return await openSession(accounts, { id, epoch: 0 }, device);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return openSession(accounts, { id: (await this.#user(1)).id, epoch: 0 }, device);
    }
  }

  /** Gives the session of a sender a secret to confirm. @returns the code of now */
  async #beginTotp({ id, accessToken }: Sender): Promise<string> {
    const { db, totpEncryption } = this.#api.app.accounts;
    const { secret } = newTotpSecret('fuzz', 'fuzz');
    const sessionId = readClaims(accessToken).sid;
    const expiresAt = new Date(Date.now() + HOUR_MS);
    const row = { secret: totpEncryption.encrypt(secret, id), tries: 0, createdAt: new Date(), expiresAt };
    // An earlier request may have ended the session.
    if ((await db.session.count({ where: { id: sessionId } })) > 0)
      await db.pendingTotp.upsert({ where: { sessionId }, create: { sessionId, ...row }, update: row });
    return codeOf({ secret });
  }

  /** Gives a sender a second factor, which the session has proven. */
  async #addSecondFactor({ id: userId, accessToken }: Sender): Promise<string> {
    const { db, totpEncryption } = this.#api.app.accounts;
    const secret = totpEncryption.encrypt(newTotpSecret('fuzz', 'fuzz').secret, userId);
    const row = { secret, lastStep: 0, createdAt: new Date() };
    const { count } = await db.user.updateMany({ where: { id: userId }, data: { secondFactor: true } });
    // An earlier request may have deleted the user.
    if (count === 0) return '';
    await db.totp.upsert({ where: { userId }, create: { userId, ...row }, update: row });
    const proven = { amr: 'pwd otp', secondFactorAt: new Date() };
    await db.session.updateMany({ where: { id: readClaims(accessToken).sid }, data: proven });
    return '';
  }

  /** Gives a sender a passkey, and a second factor that the session has proven. @returns its id */
  async #addPasskey(sender: Sender): Promise<string> {
    const { db } = this.#api.app.accounts;
    const [id, userId] = [newId(), sender.id];
    await this.#addSecondFactor(sender);
    const key = { credentialId: id, publicKey: 'AA', counter: 0, transports: '', backupEligible: true };
    if ((await db.user.count({ where: { id: userId } })) > 0)
      await db.passkey.create({ data: { id, userId, name: 'Passkey', ...key, createdAt: new Date() } });
    return id;
  }

  #own(id: string): string {
    this.#owner = id;
    return id;
  }

  async #service(): Promise<string> {
    const account = { name: 'reports', access: 1 };
    return (await createServiceAccount(this.#api.app.accounts, operator, account)).id;
  }

  async #apiKey(userId: string): Promise<string> {
    const { id, key } = makeApiKey();
    this.secrets.add(key);
    const times = { createdAt: new Date(), expiresAt: new Date(Date.now() + HOUR_MS) };
    const limits = { access: 1, standsForSignIn: false, epoch: 0 };
    const row = { id, userId, name: 'a', hash: hashApiKey(key), ...limits, ...times };
    await this.#api.app.accounts.db.apiKey.create({ data: row });
    return id;
  }

  async #invitation(): Promise<{ id: string; token: string }> {
    const inviterId = (await this.#user(2)).id;
    const row = { ...this.#mailed(), email: this.#newEmail(), name: null, access: 0, inviterId };
    const token = await this.#written(row, (data) => this.#api.app.accounts.db.invitation.create({ data }));
    return { id: row.id, token };
  }

  /** Makes the common columns of mailed tokens, and the token itself. */
  #mailed() {
    const token = this.#keep(randomBytes(32).toString('base64url'));
    const now = Date.now();
    const times = { createdAt: new Date(now), expiresAt: new Date(now + HOUR_MS) };
    return { id: newId(), token, tokenHash: hashMailToken(token), ...times };
  }

  async #written<Row extends { token: string }>(
    row: Row,
    write: (data: Omit<Row, 'token'>) => PromiseLike<unknown>,
  ) {
    const { token, ...data } = row;
    await write(data);
    return token;
  }

  #keep(token: string): string {
    this.secrets.add(token);
    return token;
  }
}
