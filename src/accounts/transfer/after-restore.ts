import { setTimeout as wait } from 'node:timers/promises';
import { noRequest } from '../../audit/event.ts';
import type { RunOptions } from '../../db/raw/batches.ts';
import { prune } from '../../db/raw/prune.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { generationAsOf } from './generation.ts';

/** Rows of one transaction. */
const USERS = 1_000;
const INVITATIONS = 100;

/** A command goes on to the end. */
const toTheEnd: RunOptions = { maxRows: Number.POSITIVE_INFINITY };

/** What a restoration came to. */
export interface Restoration {
  readonly users: number;
  /** Sessions that ended. */
  readonly sessions: number;
  /** Mails that are not sent, for they may have been. */
  readonly mails: number;
  /** Invitations, registrations, resets and changes of address that are void, for they may have been used. */
  readonly mailTokens: number;
}

/**
 * Ends what a backup brings back to life. Sessions that were ended since, tokens that were revoked, mails that were sent and
 * tokens of mails that were used: the backup knows nothing of it. So all of them end, whatever became of them.
 *
 * May run beside the service, and again after it was cut off. Takes the same memory for any number of users. Whoever signs in after it
 * has a token that is valid: tokens say only in which second they were issued, so it ends with the second that is refused.
 *
 * @param onProgress hears how many users are done
 */
export async function invalidateCredentialsAfterRestore(
  context: AccountsContext,
  onProgress: (users: number) => void = () => {},
): Promise<Restoration> {
  const { db, now } = context;
  const mails = await prune(
    (take) => db.mail.findMany({ where: { outcome: null }, take, select: { id: true } }),
    (ids) => db.mail.updateMany({ where: { id: { in: ids } }, data: { outcome: 'void', values: null } }),
    toTheEnd,
  );
  await prune(
    (take) => db.idempotentRequest.findMany({ take, select: { id: true } }),
    (ids) => db.idempotentRequest.deleteMany({ where: { id: { in: ids } } }),
    toTheEnd,
  );
  const mailTokens = (await endMailTokens(context)) + (await revokeInvitations(context));
  const ended = await endSessions(context, onProgress);
  const restoration = { ...ended, mails, mailTokens };
  await makeChange(context, async ({ revoke, record }) => {
    // Also those of users whom the backup does not know: nobody has a generation for them.
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
 * Ends all sessions, and raises every generation and epoch above those that may have been given since the backup. A step of a fixed
 * size would come to the same numbers when the same backup is restored twice; the time does not.
 */
async function endSessions(
  { db, now }: AccountsContext,
  onProgress: (users: number) => void,
): Promise<Pick<Restoration, 'users' | 'sessions'>> {
  const floor = generationAsOf(await now(db));
  let [users, sessions, last] = [0, 0, ''];
  for (;;) {
    const where = { id: { gt: last } };
    const page = await db.user.findMany({ where, orderBy: { id: 'asc' }, take: USERS, select: { id: true } });
    const end = page.at(-1)?.id;
    if (end === undefined) return { users, sessions };
    const start = last;
    sessions += await db.transaction(async (tx) => {
      await tx.raw.execute`
        UPDATE "User" SET
          "generation" = CASE WHEN "generation" < ${floor} THEN ${floor} ELSE "generation" + 1 END,
          "epoch" = CASE WHEN "epoch" < ${floor} THEN ${floor} ELSE "epoch" + 1 END
        WHERE "id" > ${start} AND "id" <= ${end}`;
      return (await tx.session.deleteMany({ where: { userId: { gt: start, lte: end } } })).count;
    });
    users += page.length;
    onProgress(users);
    last = end;
  }
}

/** @returns how many there were */
async function endMailTokens({ db }: AccountsContext): Promise<number> {
  const select = { id: true } as const;
  return (
    (await prune(
      (take) => db.registration.findMany({ take, select }),
      (ids) => db.registration.deleteMany({ where: { id: { in: ids } } }),
      toTheEnd,
    )) +
    (await prune(
      (take) => db.passwordReset.findMany({ take, select }),
      (ids) => db.passwordReset.deleteMany({ where: { id: { in: ids } } }),
      toTheEnd,
    )) +
    (await prune(
      (take) => db.emailChange.findMany({ take, select }),
      (ids) => db.emailChange.deleteMany({ where: { id: { in: ids } } }),
      toTheEnd,
    ))
  );
}

/** @returns how many there were */
async function revokeInvitations(context: AccountsContext): Promise<number> {
  for (let revoked = 0; ; ) {
    const count = await makeChange(context, async ({ tx, record }) => {
      const rows = await tx.invitation.findMany({ take: INVITATIONS, select: { id: true, access: true } });
      await tx.invitation.deleteMany({ where: { id: { in: rows.map(({ id }) => id) } } });
      for (const { id, access } of rows) {
        const who = { actorId: null, targetId: id, requestContext: noRequest };
        record({ action: 'invitation.revoked', ...who, before: { access } });
      }
      return rows.length;
    });
    revoked += count;
    if (count < INVITATIONS) return revoked;
  }
}
