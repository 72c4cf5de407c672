/**
 * The service under test: a separate process as in production, with log level `trace`, and users who send it
 * requests.
 */
import { randomBytes } from 'node:crypto';
import { ORIGIN, RP_ID } from '../accounts/authenticator.ts';
import { type Service, serve, temporaryFolder } from '../child.ts';
import type { Scope, TestDatabase } from '../database.ts';
import { PUBLIC_URL, startApi, type Teardown } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';
import { NoAnswerError, type RawAnswer, request as requestBytes, send } from '../raw.ts';
import { Live, type Sender } from './live.ts';
import { type Caller, callers, type FuzzRequest } from './requests.ts';
import { render } from './template.ts';

/** A request as it was sent, and its response. */
export interface Exchange {
  readonly bytes: Buffer;
  /** Last bytes that were sent. */
  readonly body: Buffer;
  /** Response; undefined when the connection was closed without one. */
  readonly answer: RawAnswer | undefined;
}

/** Operations after which their sender cannot be used for further requests. */
const ENDS_SENDER = /^((PUT|PATCH|DELETE) \/me\b|POST \/logout)/;

/** Operations whose places give their sender a passkey: it would need two factors from then on. */
const CHANGES_SENDER = /^POST \/me\/(passkeys|reauthenticate)\b/;

/** Number of users at the start: more than the default size of a page. */
const USERS = 30;

/** Timeout of a request. The service itself ends a request after 20 s. */
const REQUEST_TIMEOUT_MS = 60_000;

export class FuzzedService {
  readonly name: string;
  readonly service: Service;
  readonly live: Live;
  /** SECRET of the service. */
  readonly secret: string;
  readonly #senders = new Map<Caller, Sender>();

  private constructor(name: string, service: Service, live: Live, secret: string) {
    this.name = name;
    this.service = service;
    this.live = live;
    this.secret = secret;
  }

  /**
   * Starts a service that stops at the end of the scope.
   *
   * @param withMail configures a mail server, which is always down
   */
  static async open(
    scope: Scope & Teardown,
    name: string,
    { url }: TestDatabase,
    withMail: boolean,
  ): Promise<FuzzedService> {
    const secret = randomBytes(32).toString('base64url');
    const variables = {
      DATA_DIR: await temporaryFolder(scope),
      DATABASE_URL: url,
      PUBLIC_URL,
      RP_ID,
      PASSKEY_ORIGINS: ORIGIN,
      SIGN_IN_METHODS: 'password,passkey,email',
      SECRET: secret,
      RATE_LIMIT: '0',
      TRUST_PROXY: '1',
      CORS_ORIGINS: 'https://app.example.com',
      ...(withMail && NO_MAIL_SERVER),
    };
    const service = await serve(scope, { ...variables, LOG_LEVEL: 'trace' });
    // Another instance of the same service without requests: it signs users in without a password.
    const live = new Live(await startApi(scope, { ...variables, LOG_LEVEL: 'silent' }));
    await live.populate(USERS);
    return new FuzzedService(name, service, live, secret);
  }

  /** Sends a request. Sends it again when an earlier request has signed out its sender. */
  async exchange(request: FuzzRequest): Promise<Exchange> {
    const { caller, headers, method, target } = request;
    const exchange = await this.#exchangeOnce(request);
    const { answer } = exchange;
    if (answer?.status === 429) await this.live.resetAttempts();
    const hasOwnToken = caller !== 'nobody' && !headers.some(([name]) => name === 'Authorization');
    const wasSignedOut =
      hasOwnToken && answer?.status === 401 && /problems\/invalid-token"/.test(answer.text);
    const hasEnded = answer !== undefined && answer.status < 300 && ENDS_SENDER.test(`${method} ${target}`);
    if (wasSignedOut || hasEnded || CHANGES_SENDER.test(`${method} ${target}`)) this.#senders.delete(caller);
    return wasSignedOut ? this.#exchangeOnce(request) : exchange;
  }

  /**
   * Sends bytes.
   *
   * @param end closes the sending side at once
   * @returns undefined when the connection was closed without a response, and the service still runs
   * @throws {Error} when the service does not run any more, or the response is not HTTP
   */
  async send(bytes: Buffer, end = false): Promise<RawAnswer | undefined> {
    const { url } = this.service;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`No answer in ${REQUEST_TIMEOUT_MS} ms`)),
        REQUEST_TIMEOUT_MS,
      );
    });
    try {
      return await Promise.race([send(url, bytes, { end }), late]);
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      await send(url, requestBytes('GET /health/live'));
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  async #exchangeOnce(request: FuzzRequest): Promise<Exchange> {
    const sent = await toBytes(request, await this.#senderOf(request.caller), this.live);
    return { ...sent, answer: await this.send(sent.bytes) };
  }

  /** Returns the user who fills the places of a request; any user for an unauthenticated one. */
  async #senderOf(caller: Caller): Promise<Sender> {
    const access = caller === 'nobody' ? 1 : callers.indexOf(caller) - callers.indexOf('guest');
    const sender = this.#senders.get(caller) ?? (await this.live.sender(access));
    this.#senders.set(caller, sender);
    return sender;
  }
}

/** Encodes a request. @returns all bytes, and the part of them that is the body */
async function toBytes(
  { caller, method, target, headers, body: text }: FuzzRequest,
  sender: Sender,
  live: Live,
): Promise<Omit<Exchange, 'answer'>> {
  const fill = live.fill(sender);
  const body = await render(text ?? '', fill);
  const usual = { Host: 'latchkey.test', ...(text !== undefined && { 'Content-Type': 'application/json' }) };
  const named = new Set(headers.map(([name]) => name));
  const all = [
    ...Object.entries(usual).filter(([name]) => !named.has(name)),
    ...(caller === 'nobody' ? [] : [['Authorization', `Bearer ${sender.accessToken}`]]),
    ...headers,
    ['Connection', 'close'],
    ...(text === undefined ? [] : [['Content-Length', String(body.length)]]),
  ];
  const head = await render(`${method} ${target} HTTP/1.1\r\n`, fill);
  const fields = await render(all.map(([name, value]) => `${name}: ${value}\r\n`).join(''), fill, 'latin1');
  return { body, bytes: Buffer.concat([head, fields, Buffer.from('\r\n'), body]) };
}
