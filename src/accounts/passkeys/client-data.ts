import { Type } from 'typebox';
import type { RelyingPartyRules } from '../../config/index.ts';
import { selectRow } from '../../db/raw/select.ts';
import { compile } from '../../lib/compile-schema.ts';
import {
  type Ceremony,
  PASSKEY_CHALLENGE_LIFETIME_MS,
  type PasskeyChallenge,
} from '../../tokens/passkey-challenges.ts';
import type { AccountsContext } from '../context.ts';

/** The client data of a ceremony (WebAuthn Level 3 section 5.8.1). */
const ClientData = Type.Object({
  type: Type.String(),
  challenge: Type.String(),
  origin: Type.String(),
  crossOrigin: Type.Optional(Type.Boolean()),
});
const isClientData = compile(ClientData);

/** The id of the row of UsedChallenge that stands for all challenges that were made until a time. */
const ALL_CHALLENGES = 'until-restored';

/** The types of client data. */
export type ClientDataType = 'webauthn.create' | 'webauthn.get';

/** The ceremony that a passkey's answer must be of. */
export interface Expected {
  readonly type: ClientDataType;
  readonly ceremony: Ceremony;
}

/**
 * Checks the client data of a passkey's answer, and uses its challenge up. The use is stored before the
 * signature is verified, also when that fails, so that a challenge gets one answer. Pages in a frame of
 * another origin are refused, which the library allows.
 *
 * @param clientDataJSON in base64url
 * @returns undefined when it does not fit, or when the challenge was used before
 */
export async function useChallenge(
  context: AccountsContext,
  rules: RelyingPartyRules,
  clientDataJSON: string,
  { type, ceremony }: Expected,
): Promise<PasskeyChallenge | undefined> {
  const data = readClientData(clientDataJSON);
  if (data?.type !== type || !rules.origins.includes(data.origin)) return undefined;
  if (data.crossOrigin === true || 'topOrigin' in data) return undefined;
  const { db, now, passkeyChallenges } = context;
  const challenge = passkeyChallenges.read(data.challenge, ceremony, await now(db));
  if (challenge === undefined) return undefined;
  const { id, expiresAt } = challenge;
  if (await isVoid(context, challenge)) return undefined;
  const inserted = await db.raw.execute`
    INSERT INTO "UsedChallenge" ("id", "expiresAt") VALUES (${id}, ${expiresAt}) ON CONFLICT DO NOTHING`;
  return inserted === 1 ? challenge : undefined;
}

/** Tells whether a challenge was made before the database was restored from a backup. */
async function isVoid({ db }: AccountsContext, { expiresAt }: PasskeyChallenge): Promise<boolean> {
  const restored = await selectRow(db, 'UsedChallenge', ['expiresAt'], { id: ALL_CHALLENGES });
  return restored !== undefined && expiresAt <= restored.expiresAt;
}

/**
 * Voids all challenges that were made until now. A backup does not know which of them were used since. They
 * are stored nowhere, so one row says it for all: it expires with the last of them.
 *
 * @param time by the database's clock
 */
export async function voidPasskeyChallenges({ db }: AccountsContext, time: Date): Promise<void> {
  const id = ALL_CHALLENGES;
  const expiresAt = new Date(time.getTime() + PASSKEY_CHALLENGE_LIFETIME_MS);
  await db.usedChallenge.upsert({ where: { id }, create: { id, expiresAt }, update: { expiresAt } });
}

function readClientData(encoded: string) {
  try {
    const data: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString());
    return isClientData(data) ? data : undefined;
  } catch {
    return undefined;
  }
}
