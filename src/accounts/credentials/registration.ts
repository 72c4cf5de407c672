import type { RequestContext } from '../../audit/event.ts';
import { newId } from '../../lib/id.ts';
import { Problem } from '../../problems/problem.ts';
import { type Change, makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { allowsMail } from '../mail-limits.ts';
import { MAIL_TOKEN_LIFETIMES_MS, newMailToken, tokenValues } from '../mail-tokens.ts';
import {
  type AccountPasskey,
  insertPasskeyUser,
  passkeyToJson,
  translateAccountConflicts,
} from '../passkeys/new-account.ts';
import type { NewUser } from '../users/new-user.schemas.ts';
import { buildUserRow, insertUser, type UserRowInput } from '../users/users.ts';
import { type GivenCredential, prepareCredential } from './new-credential.ts';

/** A person who registers, as the schemas of users/schemas.ts have checked them. */
export type Applicant = GivenCredential & { readonly name: string; readonly email: string };

/** A registration whose mail was answered with the token. */
export interface Registration {
  readonly id: string;
  readonly tokenHash: string;
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
  /** The id of the account to be, which its passkey is bound to. Null where it has a password. */
  readonly userId: string | null;
}

/**
 * Mails the address of a registration. The mail has a token to confirm the address, or says that there is an
 * account already. Neither the answer nor its time tells which mail it was: both cases write the same rows.
 *
 * @throws {Problem} `validation-failed`; `passkey-invalid`; `passkeys-not-available`; `busy`
 */
export async function requestRegistration(
  context: AccountsContext,
  applicant: Applicant,
  requestContext: RequestContext,
): Promise<void> {
  const { passwordHash, passkey } = await prepareCredential(context, applicant, applicant);
  const { name, email } = buildUserRow({ ...applicant, passwordHash, access: context.levels.default });
  const userId = passkey?.challengeId ?? null;
  const stored = { userId, passkey: passkey === undefined ? null : passkeyToJson(passkey) };
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
      data: { id: newId(createdAt), tokenHash, email, name, passwordHash, ...stored, createdAt, expiresAt },
    });
    const content =
      known === null
        ? ({ template: 'registration', values: tokenValues(context, 'verification', token) } as const)
        : ({ template: 'account-exists', values: { link: context.frontendUrl } } as const);
    send({ recipient: email, ...content, notAfter, limited: true });
  });
}

/**
 * Creates the account of a person who registers where there is no mail server: no address can be confirmed.
 *
 * @throws {Problem} `email-taken`; `passkey-exists`; `validation-failed`; `passkey-invalid`;
 *   `passkeys-not-available`; `busy`
 */
export async function registerAtOnce(
  context: AccountsContext,
  applicant: Applicant,
  requestContext: RequestContext,
): Promise<NewUser> {
  const { passwordHash, passkey } = await prepareCredential(context, applicant, applicant);
  const access = context.levels.default;
  const row = buildUserRow({ ...applicant, passwordHash, access }, { id: passkey?.challengeId });
  return translateAccountConflicts(() =>
    makeChange(context, (change) => insertApplicant(change, row, passkey, requestContext)),
  );
}

/**
 * Creates the account of a registration. All other registrations with the same address are deleted.
 *
 * @param registration whose password or passkey was verified
 * @param passkey with the counter of its last signature
 * @throws {Problem} `mail-token-invalid` when the token was used meanwhile; `email-taken`; `passkey-exists`
 */
export async function completeRegistration(
  context: AccountsContext,
  { id, tokenHash, userId, name, email, passwordHash }: Registration,
  passkey: AccountPasskey | undefined,
  requestContext: RequestContext,
): Promise<NewUser> {
  const access = context.levels.default;
  const row = buildUserRow({ name, email, passwordHash, access }, { id: userId ?? undefined });
  return translateAccountConflicts(() =>
    makeChange(context, async (change) => {
      const { tx } = change;
      const { count } = await tx.registration.deleteMany({ where: { id, tokenHash } });
      if (count === 0) throw new Problem('mail-token-invalid');
      await tx.registration.deleteMany({ where: { email: row.email } });
      await context.outbox.takeBack(tx, [row.email], ['registration']);
      return insertApplicant(change, row, passkey, requestContext);
    }),
  );
}

function insertApplicant(
  change: Change,
  row: UserRowInput,
  passkey: AccountPasskey | undefined,
  requestContext: RequestContext,
): Promise<NewUser> {
  const creation = { action: 'user.registered', requestContext } as const;
  return passkey === undefined
    ? insertUser(change, row, creation)
    : insertPasskeyUser(change, row, passkey, creation);
}
