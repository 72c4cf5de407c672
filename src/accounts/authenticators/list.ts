import { invalidToken } from '../../access/challenges.ts';
import { selectRow } from '../../db/raw/select.ts';
import type { AccountsContext } from '../context.ts';
import { isUsableHash } from '../passwords/hash.ts';
import type { Authenticators } from './schemas.ts';

/** Lists the authenticators of a user. @throws {Problem} `invalid-token` when the user is deleted */
export async function listAuthenticators(
  { db }: Pick<AccountsContext, 'db'>,
  userId: string,
): Promise<Authenticators> {
  const user = await selectRow(db, 'User', ['passwordHash'], { id: userId });
  if (user === undefined) throw invalidToken();
  const totp = await selectRow(db, 'Totp', ['createdAt', 'lastUsedAt'], { userId });
  const codes = await db.recoveryCode.findMany({ where: { userId }, select: { createdAt: true } });
  return {
    password: isUsableHash(user.passwordHash),
    totp:
      totp === undefined
        ? null
        : { createdAt: totp.createdAt.toISOString(), lastUsedAt: totp.lastUsedAt?.toISOString() ?? null },
    recoveryCodes: { left: codes.length, createdAt: codes[0]?.createdAt.toISOString() ?? null },
  };
}
