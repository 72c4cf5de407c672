/** Accounts with a second factor, and the codes of their authenticator apps. */
import { HOTP, Secret, TOTP } from 'otpauth';
import type { Answer, Api, Person } from '../helper.ts';

/** The secret of a person's authenticator app. */
export interface App {
  readonly secret: string;
}

/** Returns the time step of now, or one before or after it. */
export const stepNow = (offset = 0) => TOTP.counter({ period: 30 }) + offset;

/** The code that an app shows in a step. */
export function codeOf({ secret }: App, step = stepNow()): string {
  return HOTP.generate({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, counter: step });
}

/** A code that is none of the accepted ones. */
export function wrongCodeOf(app: App, now = stepNow()): string {
  const right = [-2, -1, 0, 1, 2].map((offset) => codeOf(app, now + offset));
  const code = ['000000', '111111', '222222', '333333', '444444', '555555'].find(
    (one) => !right.includes(one),
  );
  if (code === undefined) throw new Error('All of them are right');
  return code;
}

/** Asks for a secret. */
export async function begin(api: Api, token: string): Promise<App & { readonly answer: Answer }> {
  const answer = await api.ask('POST', '/me/totp', { token });
  if (answer.status !== 200) throw new Error(`No secret but ${answer.status}: ${answer.text}`);
  return { secret: answer.body.secret, answer };
}

/** An account with an active app, and a session with two factors. */
export interface Enrolled extends App {
  readonly token: string;
  readonly recoveryCodes: readonly string[];
}

/** Confirms an authenticator app, with the code of now. */
export async function enrol(api: Api, { token }: Pick<Person, 'token'>): Promise<Enrolled> {
  const { secret } = await begin(api, token);
  const body = { code: codeOf({ secret }) };
  const answer = await api.ask('POST', '/me/totp/confirm', { token, body });
  if (answer.status !== 200) throw new Error(`Not confirmed but ${answer.status}: ${answer.text}`);
  return { secret, token: answer.body.accessToken, recoveryCodes: answer.body.recoveryCodes };
}
