/** Accounts with a second factor, and the codes of their apps. */
import { Secret } from 'otpauth';
import { replaceRecoveryCodes } from '#latchkey/accounts/authenticators/recovery-codes.ts';
import type { AccountsContext } from '#latchkey/accounts/context.ts';
import { Encryption } from '#latchkey/crypto/encryption.ts';
import { type Answer, type Api, PASSWORD, type Person } from '../helper.ts';
import { noteSecret } from '../secret-log.ts';
import { codeOf, wrongCodeOf } from './second-factor.ts';

const PERIOD_MS = 30_000;

/** The authenticator app of an account. */
export interface App {
  readonly secret: string;
  /** The recovery codes that were shown. */
  readonly recoveryCodes: readonly string[];
  /**
   * A code that is right and was not used yet: each call takes the next step, at most one ahead of the clock.
   */
  code(): Promise<string>;
  /** A code that is wrong now. */
  wrongCode(): Promise<string>;
}

type Parts = Pick<AccountsContext, 'db' | 'now' | 'totpEncryption'>;

/** Gives an account a second factor, as an enrolment does. */
export function addTotp({ app }: Pick<Api, 'app'>, userId: string): Promise<App> {
  return addTotpTo(app.accounts, userId);
}

/** Gives an account of any database a second factor. */
export async function addTotpTo({ db, now, totpEncryption }: Parts, userId: string): Promise<App> {
  const secret = new Secret({ size: 20 });
  noteSecret(secret.base32);
  const createdAt = await now(db);
  const recoveryCodes = await db.transaction(async (tx) => {
    const encrypted = totpEncryption.encrypt(secret.base32, userId);
    await tx.totp.create({ data: { userId, secret: encrypted, lastStep: 0, createdAt } });
    await tx.user.update({ where: { id: userId }, data: { secondFactor: true } });
    return replaceRecoveryCodes(tx, userId, createdAt);
  });
  for (const code of recoveryCodes) noteSecret(code);
  const codeAt = (step: number) => codeOf({ secret: secret.base32 }, step);
  const stepNow = async () => Math.floor((await now(db)).getTime() / PERIOD_MS);
  return {
    secret: secret.base32,
    recoveryCodes,
    code: async () => {
      const { lastStep } = await db.totp.findUniqueOrThrow({ where: { userId } });
      const step = Math.max(await stepNow(), lastStep + 1);
      // Two steps ahead is too far: the step of before is forgotten instead of waiting for a minute.
      if (step <= (await stepNow()) + 1) return codeAt(step);
      await db.totp.update({ where: { userId }, data: { lastStep: step - 3 } });
      return codeAt(step - 2);
    },
    wrongCode: async () => wrongCodeOf({ secret: secret.base32 }, await stepNow()),
  };
}

/** A user with a second factor, and the first step of a sign-in. */
export interface Owner extends Person {
  readonly totp: App;
  /** @param cap the highest level of the tokens */
  begin(cap?: number): Promise<Answer>;
  challenge(cap?: number): Promise<string>;
}

/** Creates a user with {@link PASSWORD} and a second factor. */
export async function newOwnerAt(api: Api, access = 1): Promise<Owner> {
  const owner = await api.person(access);
  const totp = await addTotp(api, owner.id);
  const { email } = owner;
  const begin = (cap?: number) => {
    const body = { email, password: PASSWORD, ...(cap !== undefined && { access: cap }) };
    return api.ask('POST', '/login', { body });
  };
  return { ...owner, totp, begin, challenge: async (cap) => (await begin(cap)).body.challenge };
}

/** The encryption of the secrets of a service with this SECRET. */
export function totpEncryptionOf(secret: string): Encryption {
  return new Encryption({ current: secret, previous: undefined }, 'totp');
}
