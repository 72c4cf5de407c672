/** A browser, as far as its headers and its cookies go. */

import type { Answer, Api, Person } from '../helper.ts';
import { PASSWORD } from '../helper.ts';
import { noteSecret } from '../secret-log.ts';

/** The headers of a page's own request. */
export const ownPage = { 'sec-fetch-site': 'same-origin' };

/** The `Set-Cookie` fields of an answer. */
export function setCookies({ headers }: Pick<Answer, 'headers'>): string[] {
  return [headers['set-cookie'] ?? []].flat();
}

/** The cookie that an answer sets, as the browser sends it: `name=value`. */
export function cookieOf(answer: Answer): string {
  const [cookie, ...others] = setCookies(answer);
  if (cookie === undefined || others.length > 0) throw new Error(`Not one cookie: ${answer.text}`);
  const pair = cookie.split(';')[0] ?? '';
  noteSecret(pair.split('=')[1]);
  return pair;
}

/** Sends a request of a page, with a cookie. */
export function askWith(
  api: Api,
  path: string,
  cookie: string | undefined,
  options: {
    readonly headers?: Record<string, string>;
    readonly body?: unknown;
    readonly token?: string;
  } = {},
): Promise<Answer> {
  const { headers = ownPage, ...rest } = options;
  return api.ask('POST', path, { ...rest, headers: { ...headers, ...(cookie !== undefined && { cookie }) } });
}

/** Signs in with a session in a cookie. */
export async function signInWithCookie(api: Api, { email }: Pick<Person, 'email'>, cookie?: string) {
  const body = { email, password: PASSWORD, session: 'cookie' };
  const answer = await askWith(api, '/login', cookie, { body });
  if (answer.status !== 200) throw new Error(`Not signed in but ${answer.status}: ${answer.text}`);
  return { answer, cookie: cookieOf(answer), token: String(answer.body.accessToken) };
}
