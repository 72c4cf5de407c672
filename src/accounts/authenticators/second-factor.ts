import { type Static, Type } from 'typebox';
import type { RequestContext } from '../../audit/event.ts';
import { invalidBody } from '../../problems/problem.ts';
import type { Change } from '../change.ts';
import { noticeTo } from '../notices.ts';
import type { PasskeyAssertion } from '../passkeys/credential.schemas.ts';
import type { Method } from './methods.ts';
import { consumeRecoveryCode, RECOVERY_CODE_PATTERN } from './recovery-codes.ts';
import { type CodeOutcome, consumeTotpCode, TOTP_CODE_PATTERN } from './totp.ts';

/** The two kinds of codes that a request may have, of which it sends one. */
export const codeMembers = {
  code: Type.Optional(
    Type.String({
      pattern: TOTP_CODE_PATTERN,
      description: 'the code of the authenticator app: six digits',
      examples: ['492039'],
    }),
  ),
  recoveryCode: Type.Optional(
    Type.String({
      pattern: RECOVERY_CODE_PATTERN,
      description: 'a recovery code that was not used yet, in any case, with or without its hyphens',
      examples: ['7h2k-9mqx-4tfe-p0vz'],
    }),
  ),
};
const CodeMembers = Type.Object(codeMembers);

/** A code of the second factor, as a request has it. */
export type GivenCode = Static<typeof CodeMembers>;

/** A second factor, as a request has it: a code of either kind, or a passkey. */
export type GivenFactor = GivenCode & { readonly passkey?: PasskeyAssertion };

/** Tells whether a request has a second factor. @throws {Problem} `validation-failed` when it has several */
export function hasFactor({ code, recoveryCode, passkey }: GivenFactor): boolean {
  if (code !== undefined && recoveryCode !== undefined)
    throw invalidBody('/recoveryCode', 'conflict', 'cannot be sent with code');
  const hasCode = code !== undefined || recoveryCode !== undefined;
  if (passkey !== undefined && hasCode)
    throw invalidBody('/passkey', 'conflict', 'cannot be sent with a code');
  return passkey !== undefined || hasCode;
}

/** The account whose code is verified. */
export interface CodeOwner {
  readonly id: string;
  readonly email: string;
  readonly secondFactor: boolean;
}

/** Outcome of a code, and the methods that an accepted one proves. */
export type GivenCodeOutcome =
  | { readonly outcome: 'accepted'; readonly amr: readonly Method[] }
  | { readonly outcome: Exclude<CodeOutcome, 'accepted'> };

/**
 * Verifies a code and uses it up. The owner is told when it is a recovery code. Count the attempt before:
 * see `attemptCode`.
 */
export async function consumeCode(
  change: Change,
  owner: CodeOwner,
  { code, recoveryCode }: GivenCode,
  requestContext: RequestContext,
): Promise<GivenCodeOutcome> {
  const { context, tx, record, send } = change;
  const { id, email } = owner;
  if (!owner.secondFactor) return { outcome: 'wrong' };
  if (code !== undefined) {
    const outcome = await consumeTotpCode(context, tx, id, code);
    return outcome === 'accepted' ? { outcome, amr: ['otp'] } : { outcome };
  }
  if (recoveryCode === undefined || !(await consumeRecoveryCode(tx, id, recoveryCode)))
    return { outcome: 'wrong' };
  const left = await tx.recoveryCode.count({ where: { userId: id } });
  record({ action: 'recovery-code.used', actorId: id, targetId: id, after: { left }, requestContext });
  send(noticeTo(context, email, 'recovery-code-used', { left: String(left) }));
  return { outcome: 'accepted', amr: ['otp', 'recovery'] };
}
