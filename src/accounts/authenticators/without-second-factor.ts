import type { AccessLevels } from '../../access/levels.ts';
import type { SecondFactorRules } from '../../config/second-factor.ts';
import type { Transaction } from '../../db/client.ts';

/** The people that are read: those with the highest levels. SECOND_FACTOR_FROM=user is about nearly all. */
const MAX_READ = 1_000;

/** A person without a second factor. */
export interface Unprotected {
  readonly id: string;
  readonly email: string;
}

/**
 * Finds the enabled people without a second factor whose level asks for one: at or above SECOND_FACTOR_FROM,
 * or admins where it is not set. Only the 1,000 people with the highest levels are read.
 */
export async function findWithoutSecondFactor(
  db: Transaction,
  { limit }: SecondFactorRules,
  levels: AccessLevels,
): Promise<Unprotected[]> {
  const highest = await db.user.findMany({
    where: { access: { gte: limit?.from ?? levels.admin }, disabled: false, kind: 'person' },
    orderBy: { access: 'desc' },
    take: MAX_READ,
    select: { id: true, email: true, secondFactor: true },
  });
  return highest.filter(({ secondFactor }) => !secondFactor).map(({ id, email }) => ({ id, email }));
}
