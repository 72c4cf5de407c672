import { invalidToken } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import { Problem } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';
import { listPasskeys } from '../passkeys/own-passkeys.ts';
import { isUsableHash } from '../passwords/hash.ts';
import type { Authenticators } from './schemas.ts';

type Reader = Pick<AccountsContext, 'db'>;

/** Lists the authenticators of the caller. @throws {Problem} `invalid-token` when the user is deleted */
export async function listAuthenticators(context: Reader, userId: string): Promise<Authenticators> {
  const authenticators = await readAuthenticators(context, userId);
  if (authenticators === undefined) throw invalidToken();
  return authenticators;
}

/** Lists the authenticators of a user for an admin. @throws {Problem} `user-not-found` */
export async function listUserAuthenticators(context: Reader, userId: string): Promise<Authenticators> {
  const authenticators = await readAuthenticators(context, userId.toLowerCase());
  if (authenticators === undefined) throw new Problem('user-not-found');
  return authenticators;
}

/** @returns undefined when there is no such user */
async function readAuthenticators({ db }: Reader, userId: string): Promise<Authenticators | undefined> {
  const user = await selectRow(db, 'User', ['passwordHash'], { id: userId });
  if (user === undefined) return undefined;
  const totp = await selectRow(db, 'Totp', ['createdAt', 'lastUsedAt'], { userId });
  const codes = await db.recoveryCode.findMany({ where: { userId }, select: { createdAt: true } });
  return {
    password: isUsableHash(user.passwordHash),
    totp:
      totp === undefined
        ? null
        : { createdAt: totp.createdAt.toISOString(), lastUsedAt: totp.lastUsedAt?.toISOString() ?? null },
    passkeys: await listPasskeys(db, userId),
    recoveryCodes: { left: codes.length, createdAt: codes[0]?.createdAt.toISOString() ?? null },
  };
}
