import type { Transaction } from '../../db/client.ts';
import type { AccountsContext } from '../context.ts';
import { UNUSABLE_END } from '../passwords/hash.ts';

/** The id of the only row of RelyingParty. */
export const RELYING_PARTY_ID = 1;

/** The passkeys in the database. */
export interface BoundPasskeys {
  /** The RP ID that they are bound to; undefined before the first start with passkeys. */
  readonly rpId: string | undefined;
  readonly passkeys: number;
  /** Accounts that nothing else signs in to: a first factor is missing beside the passkeys, or a second. */
  readonly alone: number;
}

/** Reads which RP ID the passkeys in the database are bound to, and counts what depends on them. */
export async function readBoundPasskeys(
  tx: Transaction,
  signInMethods: AccountsContext['signInMethods'],
): Promise<BoundPasskeys> {
  const recorded = await tx.relyingParty.findUnique({ where: { id: RELYING_PARTY_ID } });
  const takesPasswords = signInMethods.has('password') ? 1 : 0;
  const takesMailCodes = signInMethods.has('email') ? 1 : 0;
  const [counted] = await tx.raw.query<{ passkeys: number | bigint; alone: number | bigint }>`
    SELECT COUNT(*) AS "passkeys",
      COUNT(DISTINCT CASE WHEN NOT (
        (${takesMailCodes} = 1 OR (${takesPasswords} = 1 AND "User"."passwordHash" NOT LIKE ${`%${UNUSABLE_END}`}))
        AND (EXISTS (SELECT 1 FROM "Totp" WHERE "Totp"."userId" = "User"."id")
          OR EXISTS (SELECT 1 FROM "RecoveryCode" WHERE "RecoveryCode"."userId" = "User"."id"))
      ) THEN "User"."id" END) AS "alone"
    FROM "Passkey" JOIN "User" ON "User"."id" = "Passkey"."userId"`;
  return {
    rpId: recorded?.rpId,
    passkeys: Number(counted?.passkeys ?? 0),
    alone: Number(counted?.alone ?? 0),
  };
}
