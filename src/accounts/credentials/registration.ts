import type { RequestContext } from '../../audit/event.ts';
import { Problem } from '../../problems/problem.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { allowsMail } from '../mail-limits.ts';
import { MAIL_TOKEN_LIFETIMES_MS, newMailToken, tokenValues } from '../mail-tokens.ts';
import { hashPassword, requireHashingCapacity } from '../passwords/hash.ts';
import { requireGoodPassword } from '../passwords/strength.ts';
import type { User } from '../users/schemas.ts';
import { buildUserRow, insertUser, translateEmailConflict } from '../users/users.ts';

/** A registration whose mail was answered with the token. */
export interface Registration {
  readonly id: string;
  readonly tokenHash: string;
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
}

/**
 * Mails the address of a registration. The mail has a token to confirm the address, or says that there is an
 * account already. Neither the answer nor its time tells which mail it was: both cases write the same rows.
 *
 * @param input checked against the schemas of users/schemas.ts
 */
export async function requestRegistration(
  context: AccountsContext,
  input: { name: string; email: string; password: string },
  requestContext: RequestContext,
): Promise<void> {
  requireHashingCapacity();
  await requireGoodPassword(input.password, input, '/password');
  const { id, name, email, passwordHash } = buildUserRow({
    ...input,
    passwordHash: await hashPassword(input.password),
    access: context.levels.default,
  });
  await makeChange(context, async (change) => {
    const { tx, send } = change;
    const known = await tx.user.findUnique({ where: { email }, select: { id: true } });
    const mail = { recipient: email, templates: ['registration', 'account-exists'] } as const;
    if (!(await allowsMail(change, mail, requestContext))) return;
    const createdAt = await context.now(tx);
    const notAfter = new Date(createdAt.getTime() + MAIL_TOKEN_LIFETIMES_MS.verification);
    const { token, tokenHash } = newMailToken();
    // The token expires at once when the address has an account.
    const expiresAt = known === null ? notAfter : createdAt;
    await tx.registration.create({
      data: { id, tokenHash, email, name, passwordHash, createdAt, expiresAt },
    });
    const content =
      known === null
        ? ({ template: 'registration', values: tokenValues(context, 'verification', token) } as const)
        : ({ template: 'account-exists', values: { link: context.frontendUrl } } as const);
    send({ recipient: email, ...content, notAfter, limited: true });
  });
}

/**
 * Creates the account of a registration. All other registrations with the same address are deleted.
 *
 * @param registration whose password was verified
 * @throws {Problem} `mail-token-invalid` when the token was used meanwhile; `email-taken`
 */
export async function completeRegistration(
  context: AccountsContext,
  { id, tokenHash, ...registration }: Registration,
  requestContext: RequestContext,
): Promise<User> {
  const row = buildUserRow({ ...registration, access: context.levels.default });
  return translateEmailConflict(() =>
    makeChange(context, async (change) => {
      const { tx } = change;
      const { count } = await tx.registration.deleteMany({ where: { id, tokenHash } });
      if (count === 0) throw new Problem('mail-token-invalid');
      await tx.registration.deleteMany({ where: { email: row.email } });
      await context.outbox.takeBack(tx, [row.email], ['registration']);
      return insertUser(change, row, { action: 'user.registered', requestContext });
    }),
  );
}
