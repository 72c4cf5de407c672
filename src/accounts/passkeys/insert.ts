import type { Transaction } from '../../db/client.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import { newId } from '../../lib/id.ts';
import { Problem } from '../../problems/problem.ts';
import type { NewPasskey } from './attestation.ts';
import { shownColumns } from './own-passkeys.ts';

/** The parts of a verified passkey that are stored. */
type Verified = Pick<NewPasskey, 'credentialId' | 'publicKey' | 'counter' | 'transports' | 'backupEligible'>;

/** The owner of a new passkey, its name, and the time by the database's clock. */
interface Ownership {
  readonly userId: string;
  readonly name: string;
  readonly createdAt: Date;
}

/** Inserts a passkey that was verified. @returns the columns that its owner sees */
export function insertPasskey(
  tx: Transaction,
  { credentialId, publicKey, counter, transports, backupEligible }: Verified,
  { userId, name, createdAt }: Ownership,
) {
  const columns = { credentialId, publicKey, counter, transports, backupEligible };
  return tx.passkey.create({
    data: { id: newId(createdAt), userId, name, createdAt, ...columns },
    select: shownColumns,
  });
}

/** @throws {Problem} `passkey-exists` for a credential that is one of an account already */
export async function translatePasskeyConflict<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error, 'credentialId')) throw new Problem('passkey-exists');
    throw error;
  }
}
