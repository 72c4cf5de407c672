import { invalidFlow, wrongMailCode } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import type { ColumnsOf } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import { retryConflicts } from '../../db/transaction.ts';
import { newId } from '../../lib/id.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { allowsMail } from '../mail-limits.ts';
import { hashMailToken, newMailToken } from '../mail-tokens.ts';
import { requireEmail } from '../normalize.ts';
import { attemptPassword } from './attempts.ts';
import { browserName } from './browser-name.ts';
import { countOutcome } from './outcomes.ts';
import { requireSignInMethod } from './required-method.ts';
import type { FirstFactor } from './sign-in.ts';

/** A code is good for this time: mail is slow. NIST and ASVS 6.5.5 allow 10 minutes. */
const LIFETIME_MS = 10 * 60_000;

/** Codes that may be tried with one flow. */
const MAX_TRIES = 5;

/** Flows of one account that are alive at once. No further one is made, so that none ends another. */
const MAX_FLOWS = 3;

const columns = ['id', 'userId', 'epoch', 'expiresAt'] as const;
type Flow = Pick<ColumnsOf<'MailCode'>, (typeof columns)[number]>;

/**
 * Mails a code that signs in, together with the flow that the client gets. For an address without an account
 * the same rows are written, and no mail is sent. Neither the answer nor its time tells which it was.
 *
 * @param input checked against its schema
 * @returns the flow. It is worth nothing where no mail was allowed any more
 * @throws {Problem} `sign-in-method-off`
 */
export async function requestMailCode(
  context: AccountsContext,
  input: { readonly email: string },
  requestContext: RequestContext,
): Promise<string> {
  requireSignInMethod(context, 'email');
  const email = requireEmail(input.email);
  const { token: flow, tokenHash: flowHash } = newMailToken();
  await makeChange(context, async (change) => {
    const { tx, send } = change;
    const user = await selectRow(tx, 'User', ['id', 'epoch', 'disabled'], { email });
    const isDecoy = user === undefined || user.disabled;
    const mail = { recipient: email, templates: ['sign-in-code'] } as const;
    if (!(await allowsMail(change, mail, requestContext))) return;
    const createdAt = await context.now(tx);
    const expiresAt = new Date(createdAt.getTime() + LIFETIME_MS);
    // Of a decoy, the address: its tries count there, as those of an account do.
    const userId = isDecoy ? email : user.id;
    const alive = await tx.mailCode.count({ where: { userId, expiresAt: { gt: createdAt } } });
    if (alive >= MAX_FLOWS) return;
    const epoch = isDecoy ? 0 : user.epoch;
    await tx.mailCode.create({
      data: { id: newId(createdAt), flowHash, userId, epoch, tries: 0, createdAt, expiresAt },
    });
    const values = { code: context.mailCodes.codeOf(flow), ...originOf(requestContext, createdAt) };
    send({
      recipient: email,
      template: 'sign-in-code',
      values,
      notAfter: expiresAt,
      limited: true,
      isDecoy,
    });
  });
  return flow;
}

/** Says when and from where a code was asked for. It contains no text of a stranger. */
function originOf({ ip, userAgent }: RequestContext, time: Date) {
  return {
    time: `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    browser: browserName(userAgent),
    network: ip ?? 'an unknown address',
  };
}

/**
 * Verifies a mailed code, which is a first factor. A try is counted before the code is looked at, for the
 * flow and for the account: there like a password, so that both have one count. Codes of decoys, of disabled
 * users and of locked accounts are answered as wrong ones, and so are those from before all sessions ended.
 *
 * @throws {Problem} `sign-in-method-off`; `challenge-invalid` for a flow that is unknown, used, or has
 *   expired, or has no try left; `wrong-code`; `too-many-attempts`; `busy`
 */
export async function verifyMailCode(
  context: AccountsContext,
  { flow, code }: { readonly flow: string; readonly code: string },
  requestContext: RequestContext,
): Promise<FirstFactor> {
  requireSignInMethod(context, 'email');
  return countOutcome(
    () => verify(context, flow, code, requestContext),
    ({ hasSecondFactor }) => (hasSecondFactor ? 'second-factor-required' : 'succeeded'),
  );
}

async function verify(
  context: AccountsContext,
  flow: string,
  code: string,
  requestContext: RequestContext,
): Promise<FirstFactor> {
  const { db, now, mailCodes, eventAggregator } = context;
  const found = await selectRow(db, 'MailCode', columns, { flowHash: hashMailToken(flow) });
  if (found === undefined || found.expiresAt <= (await now(db))) throw invalidFlow();
  const userColumns = ['id', 'email', 'disabled', 'epoch', 'secondFactor'] as const;
  const user = await selectRow(db, 'User', userColumns, { id: found.userId });
  const hasSecondFactor = user?.secondFactor === true;
  const email = user?.email ?? found.userId;
  const target = { email, userId: user?.id, hasSecondFactor, isHashed: false };
  const isSignedIn = await attemptPassword(context, target, requestContext, async () => {
    await countTry(context, found);
    return mailCodes.isCodeOf(flow, code) && user?.disabled === false && user.epoch === found.epoch;
  });
  if (user === undefined || !isSignedIn) {
    const targetId = user?.id ?? null;
    eventAggregator.add({ action: 'sign-in.failed', actorId: null, targetId, requestContext });
    throw wrongMailCode();
  }
  await consume(context, found);
  return { id: user.id, epoch: user.epoch, hasSecondFactor, amr: ['email'] };
}

/** Counts a try. @throws {Problem} `challenge-invalid` when the flow has no try left, or was used */
async function countTry({ db }: AccountsContext, { id }: Flow): Promise<void> {
  const counted = await retryConflicts(
    db.raw,
    () => db.raw.execute`
      UPDATE "MailCode" SET "tries" = "tries" + 1 WHERE "id" = ${id} AND "tries" < ${MAX_TRIES}`,
  );
  if (counted === 0) throw invalidFlow();
}

/** Uses a flow up. @throws {Problem} `challenge-invalid` when another request did */
async function consume({ db }: AccountsContext, { id }: Flow): Promise<void> {
  const deleted = await retryConflicts(
    db.raw,
    () => db.raw.execute`DELETE FROM "MailCode" WHERE "id" = ${id}`,
  );
  if (deleted === 0) throw invalidFlow();
}
