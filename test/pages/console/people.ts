/** People for the screens of the console, made by the admin of the stage through the API. */
import { codeOf } from '../../accounts/second-factor.ts';
import { PASSWORD } from '../../helper.ts';
import { noteSecretsIn } from '../../secret-log.ts';
import type { Stage } from '../scenes.ts';

/** A name that wants to be markup, and turns the direction of what follows. */
export const HOSTILE = '"><img src=x onerror=alert(1)>\u202e{{7*7}}<b>\u05d0';

/** The longest name, of characters that have no place to break. */
export const EMOJI = '\u{1f9d1}\u200d\u{1f680}'.repeat(33);

export interface Someone {
  readonly id: string;
  readonly email: string;
}

let count = 0;

/** Sends a request to the service. @returns the body of the answer */
export async function ask(
  stage: Pick<Stage, 'url'>,
  method: string,
  path: string,
  { token, body }: { token?: string; body?: unknown } = {},
  // biome-ignore lint/suspicious/noExplicitAny: answers are held to the contract elsewhere
): Promise<any> {
  const response = await fetch(new URL(path, stage.url), {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Signs in over the API. @returns the access token */
export async function tokenOf(stage: Pick<Stage, 'url'>, email: string): Promise<string> {
  return (await ask(stage, 'POST', '/login', { body: { email, password: PASSWORD } })).accessToken;
}

/** Makes a person who can sign in with PASSWORD, and changes it as told. */
export async function someone(stage: Stage, name: string, change?: object): Promise<Someone> {
  const token = await tokenOf(stage, stage.email);
  const email = `someone-${process.pid}-${count++}@example.com`;
  const body = { name, email, password: PASSWORD };
  const { id } = await ask(stage, 'POST', '/users', { token, body });
  if (change !== undefined) await ask(stage, 'PATCH', `/users/${id}`, { token, body: change });
  return { id, email };
}

/** Sets up an authenticator app. @returns its secret, for `codeOf` */
export async function secondFactorOf(stage: Pick<Stage, 'url'>, email: string): Promise<{ secret: string }> {
  const token = await tokenOf(stage, email);
  const app = await ask(stage, 'POST', '/me/totp', { token });
  const body = { code: codeOf(app) };
  noteSecretsIn([app, await ask(stage, 'POST', '/me/totp/confirm', { token, body })]);
  return app;
}

/** The time in some hours, as the service reads it. */
export const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
