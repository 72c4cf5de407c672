/** The steps of a client with its tokens, and changes to the times of a session. */
import type { Method } from '#latchkey/accounts/authenticators/methods.ts';
import { openSession } from '#latchkey/accounts/sessions/sessions.ts';
import type { AccessTokenClaims } from '#latchkey/tokens/claims.ts';
import { type Answer, type Api, device, PASSWORD } from '../helper.ts';

/** The two tokens of a session, and its id. */
export interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly sessionId: string;
}

/** The claims of a token. The signature is not checked. */
export function readClaims(accessToken: string): AccessTokenClaims {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
}

/** The pair in the answer to a sign-in or a refresh. */
export function pairOf({ status, text, body }: Answer): Pair {
  if (status !== 200) throw new Error(`No pair but ${status}: ${text}`);
  const { accessToken, refreshToken } = body;
  return { accessToken, refreshToken, sessionId: readClaims(accessToken).sid };
}

/** Signs in with the password. @param access the cap */
export function signIn(api: Api, email: string, access?: number, password = PASSWORD): Promise<Answer> {
  return api.ask('POST', '/login', { body: { email, password, ...(access !== undefined && { access }) } });
}

/** Opens a session like a sign-in after the verification of the password, which would cost 25 ms. */
export async function open(
  api: Api,
  userId: string,
  cap?: number,
  amr: readonly Method[] = ['pwd'],
): Promise<Pair> {
  const { accounts, tokens, refreshTokens } = api.app;
  const { epoch } = await accounts.db.user.findUniqueOrThrow({ where: { id: userId } });
  const grant = await openSession(accounts, { id: userId, epoch, amr }, device, { accessCap: cap });
  const { accessToken } = tokens.issue(grant);
  return { accessToken, refreshToken: refreshTokens.write(grant), sessionId: grant.sessionId };
}

/** Opens a session that has proven two factors. */
export function openWithTwoFactors(api: Api, userId: string, cap?: number): Promise<Pair> {
  return open(api, userId, cap, ['pwd', 'otp']);
}

export function refresh(api: Api, refreshToken: string): Promise<Answer> {
  return api.ask('POST', '/refresh', { body: { refreshToken } });
}

/** Tells whether an access token is accepted. */
export async function isAccepted(api: Api, accessToken: string): Promise<boolean> {
  const { status } = await api.ask('GET', '/me/permissions', { token: accessToken });
  if (status !== 200 && status !== 401) throw new Error(`An access token got ${status}`);
  return status === 200;
}

/** Changes a time of a session. Negative seconds are in the past. */
export async function setTime(
  api: Api,
  id: string,
  time: 'rotatedAt' | 'idleUntil' | 'expiresAt' | 'authenticatedAt' | 'secondFactorAt',
  seconds: number,
): Promise<void> {
  const { db, now } = api.app.accounts;
  const moved = new Date((await now(db)).getTime() + seconds * 1000);
  await db.session.update({ where: { id }, data: { [time]: moved } });
}
