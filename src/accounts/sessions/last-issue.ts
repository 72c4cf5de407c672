import type { ColumnsOf, Transaction } from '../../db/client.ts';

/** The columns of a session that say when its access tokens were issued. */
export const issueColumns = ['rotatedAt', 'authenticatedAt', 'tokensIssuedAt'] as const;

/** The same columns, with the id, for Prisma. */
export const issueSelect = {
  id: true,
  rotatedAt: true,
  authenticatedAt: true,
  tokensIssuedAt: true,
} as const;

type IssueTimes = Pick<ColumnsOf<'Session'>, (typeof issueColumns)[number]>;

/**
 * Returns the latest time at which access tokens of a session were issued. A clock that was ahead may have
 * been set back since: `tokensIssuedAt` keeps the time of before, which the other columns lose. Versions
 * without that column issued tokens at the other two times only, and so does one beside this version.
 *
 * A refresh that is repeated issues a token up to 10 s later (`findRepetition`). The minute for which
 * revocations are kept beyond the lifetime of tokens includes that.
 *
 * @param time at which another token is issued, if any
 */
export function lastIssueOf(
  { rotatedAt, authenticatedAt, tokensIssuedAt }: IssueTimes,
  time: Date = rotatedAt,
): Date {
  return new Date(
    Math.max(rotatedAt.getTime(), authenticatedAt.getTime(), tokensIssuedAt?.getTime() ?? 0, time.getTime()),
  );
}

/**
 * Finds the latest time at which access tokens of a user's sessions were issued. Call it before the sessions
 * are deleted.
 *
 * @returns null when the user has no session
 */
export async function findLastIssue(tx: Transaction, userId: string): Promise<Date | null> {
  const { _max: latest } = await tx.session.aggregate({
    where: { userId },
    _max: { rotatedAt: true, authenticatedAt: true, tokensIssuedAt: true },
  });
  const { rotatedAt, authenticatedAt, tokensIssuedAt } = latest;
  if (rotatedAt === null || authenticatedAt === null) return null;
  return lastIssueOf({ rotatedAt, authenticatedAt, tokensIssuedAt });
}
