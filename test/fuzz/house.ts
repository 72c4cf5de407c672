/** A service in a process of its own, as production runs it, with its log at level `trace`; and people who send it requests. */
import { randomBytes } from 'node:crypto';
import { type Service, serve, temporaryFolder } from '../child.ts';
import type { Scope, TestDatabase } from '../database.ts';
import { PUBLIC_URL, startApi, type Teardown } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';
import { NoAnswerError, type RawAnswer, request as requestBytes, send } from '../raw.ts';
import { Live, type Sender } from './live.ts';
import { type Caller, callers, type FuzzRequest } from './requests.ts';
import { render } from './template.ts';

/** A request as it was sent, and what came back. */
export interface Exchange {
  readonly bytes: Buffer;
  /** The last of the bytes. */
  readonly body: Buffer;
  /** Undefined when the connection was closed without one. */
  readonly answer: RawAnswer | undefined;
}

/** Whoever has done one of these is not the one any more whom the next requests count on. */
const ENDS_SENDER = /^((PUT|PATCH|DELETE) \/me\b|POST \/logout)/;

/** Users who are there from the start: more than a page has unless it is asked for. */
const USERS = 30;

/** Milliseconds after which something is wrong: the service itself ends what takes 20 s. */
const PATIENCE = 60_000;

export class House {
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
   * Starts a service that ends with the scope.
   *
   * @param withMail whether it has a mail server; it is one that is never there
   */
  static async open(
    scope: Scope & Teardown,
    name: string,
    { url }: TestDatabase,
    withMail: boolean,
  ): Promise<House> {
    const secret = randomBytes(32).toString('base64url');
    const variables = {
      DATA_DIR: await temporaryFolder(scope),
      DATABASE_URL: url,
      PUBLIC_URL,
      SECRET: secret,
      RATE_LIMIT: '0',
      TRUST_PROXY: '1',
      CORS_ORIGINS: 'https://app.example.com',
      ...(withMail && NO_MAIL_SERVER),
    };
    const service = await serve(scope, { ...variables, LOG_LEVEL: 'trace' });
    // Another process of the same service, which takes no requests: it signs people in without a password.
    const live = new Live(await startApi(scope, { ...variables, LOG_LEVEL: 'silent' }));
    await live.populate(USERS);
    return new House(name, service, live, secret);
  }

  /** Sends a request; once more, if what was sent before has signed its sender out. */
  async exchange(request: FuzzRequest): Promise<Exchange> {
    const { caller, headers, method, target } = request;
    const exchange = await this.#exchangeOnce(request);
    const { answer } = exchange;
    if (answer?.status === 429) await this.live.forgetTries();
    const hasOwnToken = caller !== 'nobody' && !headers.some(([name]) => name === 'Authorization');
    const wasSignedOut =
      hasOwnToken && answer?.status === 401 && /problems\/invalid-token"/.test(answer.text);
    const hasEnded = answer !== undefined && answer.status < 300 && ENDS_SENDER.test(`${method} ${target}`);
    if (wasSignedOut || hasEnded) this.#senders.delete(caller);
    return wasSignedOut ? this.#exchangeOnce(request) : exchange;
  }

  /**
   * Sends bytes.
   *
   * @param end ends our side at once
   * @returns undefined when the connection was closed without an answer; the service goes on all the same
   * @throws {Error} when it does not, or what came is no answer
   */
  async send(bytes: Buffer, end = false): Promise<RawAnswer | undefined> {
    const { url } = this.service;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`No answer in ${PATIENCE} ms`)), PATIENCE);
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

  /** Nobody's things are some user's. */
  async #senderOf(caller: Caller): Promise<Sender> {
    const access = caller === 'nobody' ? 1 : callers.indexOf(caller) - callers.indexOf('guest');
    const sender = this.#senders.get(caller) ?? (await this.live.sender(access));
    this.#senders.set(caller, sender);
    return sender;
  }
}

/** The bytes of a request, and those of its body among them. */
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
