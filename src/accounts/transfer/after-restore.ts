import { setTimeout as wait } from 'node:timers/promises';
import { noRequest } from '../../audit/event.ts';
import { renewDatabaseId } from '../../db/database-id.ts';
import type { RunOptions } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import { voidCodes } from '../authenticators/void-codes.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { voidPasskeyChallenges } from '../passkeys/client-data.ts';
import { issueColumns, issueSelect, lastIssueOf } from '../sessions/last-issue.ts';
import { generationAsOf } from './generation.ts';

/** Rows that one transaction writes. */
const USERS_PER_BATCH = 1_000;
const INVITATIONS_PER_BATCH = 100;

/** A command works on all rows. */
const unlimited: RunOptions = { maxRows: Number.POSITIVE_INFINITY };

/** The result of a restore. */
export interface Restoration {
  readonly users: number;
  /** Sessions that ended. */
  readonly sessions: number;
  /** Recovery codes that are void, because they may have been used already. */
  readonly recoveryCodes: number;
  /** API keys that ended. */
  readonly apiKeys: number;
  /** Mails that are not sent, because they may have been sent already. */
  readonly mails: number;
  /**
   * Invitations, registrations, resets, changes of address and mailed codes that are void, because they may
   * have been used already.
   */
  readonly mailTokens: number;
}

/**
 * Invalidates the credentials that a backup restores. The backup does not know which sessions have ended
 * since, which tokens and codes were revoked or used, and which mails were sent. All of them are invalidated.
 *
 * It may run while the service runs, and again after it was interrupted. It needs the same memory for any
 * number of users. It ends after the second whose tokens are refused, because a token says only in which
 * second it was issued. A sign-in after it gets a valid token.
 *
 * @param onProgress gets the number of users that are done
 * @param options `keepsKeys` to keep the API keys: those that were ended since the backup come back too
 */
export async function invalidateCredentialsAfterRestore(
  context: AccountsContext,
  onProgress: (users: number) => void = () => {},
  { keepsKeys = false }: { readonly keepsKeys?: boolean } = {},
): Promise<Restoration> {
  const { db, now } = context;
  const mails = await prune(
    (take) => db.mail.findMany({ where: { outcome: null }, take, select: { id: true } }),
    (ids) => db.mail.updateMany({ where: { id: { in: ids } }, data: { outcome: 'void', values: null } }),
    unlimited,
  );
  await prune(
    (take) => db.idempotentRequest.findMany({ take, select: { id: true } }),
    (ids) => db.idempotentRequest.deleteMany({ where: { id: { in: ids } } }),
    unlimited,
  );
  await voidPasskeyChallenges(context, await now(db));
  const mailTokens = (await endMailTokens(context)) + (await revokeInvitations(context));
  const apiKeys = keepsKeys ? 0 : await endApiKeys(context);
  const ended = await endSessions(context, onProgress);
  const restoration = { ...ended, apiKeys, mails, mailTokens };
  await makeChange(context, async ({ tx, revoke, record }) => {
    // Readers of the feed begin anew: the backup lacks the revocations after it.
    await renewDatabaseId(tx);
    // This includes the tokens of users that are not in the backup: there is no row whose generation can be
    // raised.
    revoke({ allUsers: true });
    record({
      action: 'database.restored',
      actorId: null,
      targetId: null,
      after: { ...restoration },
      requestContext: noRequest,
    });
  });
  await wait(1_000 - ((await now(db)).getTime() % 1_000));
  return restoration;
}

/**
 * Ends all sessions, and raises every generation and epoch above the values that may have been issued since
 * the backup. A step of a fixed size would lead to the same numbers when the same backup is restored twice;
 * the time does not.
 */
async function endSessions(
  context: AccountsContext,
  onProgress: (users: number) => void,
): Promise<Pick<Restoration, 'users' | 'sessions' | 'recoveryCodes'>> {
  const { db, now } = context;
  const floor = generationAsOf(await now(db));
  let [users, sessions, recoveryCodes, last] = [0, 0, 0, ''];
  for (;;) {
    const where = { id: { gt: last } };
    const page = await db.user.findMany({
      where,
      orderBy: { id: 'asc' },
      take: USERS_PER_BATCH,
      select: { id: true },
    });
    const end = page.at(-1)?.id;
    if (end === undefined) return { users, sessions, recoveryCodes };
    const start = last;
    const ended = await makeChange(context, async ({ tx, revoke }) => {
      await tx.raw.execute`
        UPDATE "User" SET
          "generation" = CASE WHEN "generation" < ${floor} THEN ${floor} ELSE "generation" + 1 END,
          "epoch" = CASE WHEN "epoch" < ${floor} THEN ${floor} ELSE "epoch" + 1 END
        WHERE "id" > ${start} AND "id" <= ${end}`;
      // Keys that are kept go on with the new epoch.
      await tx.raw.execute`
        UPDATE "ApiKey" SET "epoch" = (SELECT "epoch" FROM "User" WHERE "User"."id" = "ApiKey"."userId")
        WHERE "userId" > ${start} AND "userId" <= ${end}`;
      const page = { gt: start, lte: end };
      const sessionsOfPage = { userId: page };
      // The revocation of all tokens ends those that were issued until now. While the clock was ahead, later
      // ones were issued.
      const time = await now(tx);
      const issuedLater = issueColumns.map((column) => ({ [column]: { gt: time } }));
      const where = { ...sessionsOfPage, OR: issuedLater };
      for (const session of await tx.session.findMany({ where, select: issueSelect }))
        revoke({ sessionId: session.id, lastIssuedAt: lastIssueOf(session) });
      const codes = await voidCodes(tx, page, time);
      return { codes, sessions: (await tx.session.deleteMany({ where: sessionsOfPage })).count };
    });
    sessions += ended.sessions;
    recoveryCodes += ended.codes;
    users += page.length;
    onProgress(users);
    last = end;
  }
}

/** @returns the number of keys */
function endApiKeys({ db }: AccountsContext): Promise<number> {
  return prune(
    (take) => db.apiKey.findMany({ take, select: { id: true } }),
    (ids) => db.apiKey.deleteMany({ where: { id: { in: ids } } }),
    unlimited,
  );
}

/** @returns the number of rows */
async function endMailTokens({ db }: AccountsContext): Promise<number> {
  const select = { id: true } as const;
  return (
    (await prune(
      (take) => db.registration.findMany({ take, select }),
      (ids) => db.registration.deleteMany({ where: { id: { in: ids } } }),
      unlimited,
    )) +
    (await prune(
      (take) => db.passwordReset.findMany({ take, select }),
      (ids) => db.passwordReset.deleteMany({ where: { id: { in: ids } } }),
      unlimited,
    )) +
    (await prune(
      (take) => db.emailChange.findMany({ take, select }),
      (ids) => db.emailChange.deleteMany({ where: { id: { in: ids } } }),
      unlimited,
    )) +
    (await prune(
      (take) => db.emailChangeStop.findMany({ take, select }),
      (ids) => db.emailChangeStop.deleteMany({ where: { id: { in: ids } } }),
      unlimited,
    )) +
    (await prune(
      (take) => db.mailCode.findMany({ take, select }),
      (ids) => db.mailCode.deleteMany({ where: { id: { in: ids } } }),
      unlimited,
    ))
  );
}

/** @returns the number of rows */
async function revokeInvitations(context: AccountsContext): Promise<number> {
  for (let revoked = 0; ; ) {
    const count = await makeChange(context, async ({ tx, record }) => {
      const rows = await tx.invitation.findMany({
        take: INVITATIONS_PER_BATCH,
        select: { id: true, access: true },
      });
      await tx.invitation.deleteMany({ where: { id: { in: rows.map(({ id }) => id) } } });
      for (const { id, access } of rows) {
        const who = { actorId: null, targetId: id, requestContext: noRequest };
        record({ action: 'invitation.revoked', ...who, before: { access } });
      }
      return rows.length;
    });
    revoked += count;
    if (count < INVITATIONS_PER_BATCH) return revoked;
  }
}
