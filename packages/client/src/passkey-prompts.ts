import { unref } from './environment.ts';
import { PasskeyError, passkeyErrorOf } from './passkey-error.ts';
import { hasPasskeyList, type PasskeyAssertion, type PasskeyRequestOptions, usePasskey } from './webauthn.ts';

/** The part of a challenge's lifetime after which a list gets the next one. */
const RENEW_AFTER = 0.8;

/** Milliseconds between two looks at the clock, which goes on while the machine sleeps. A timer does not. */
const CLOCK_INTERVAL_MS = 5_000;

/** The answer of the service to a request for options. */
export type Asked<Options, Refusal> =
  | { readonly data: Options; readonly error?: never; readonly response: Response }
  | Refused<Refusal>;
/** The answer of a service that gives no options. */
export interface Refused<Refusal> {
  readonly data?: never;
  readonly error: Refusal;
  readonly response: Response;
}

/** The result where there is no passkey to send: the service has refused its options, or the browser has. */
export type NotGiven<Refusal> =
  | Refused<Refusal>
  | { readonly data?: never; readonly error: PasskeyError; readonly response?: never };

/** A passkey to send, or the result where there is none. */
export type Given<Passkey, Refusal> = { readonly passkey: Passkey } | NotGiven<Refusal>;

/** Conditions of a list of passkeys. */
export interface ListRules {
  readonly signal: AbortSignal | undefined;
  /** Tells whether the list is not needed any more. */
  readonly isOver: () => boolean;
}

/**
 * The requests for passkeys of one page. A browser has one at a time: a dialog ends the list in the field of a
 * form, which is offered again afterwards.
 */
export class PasskeyPrompts {
  /** The list that was asked for last: it ends those of before. */
  #list: object | undefined;
  /** Ends the round of the list. */
  #round: AbortController | undefined;
  #roundEnded: Promise<unknown> = Promise.resolve();
  #dialog: Promise<unknown> | undefined;

  /**
   * Shows a dialog of the browser, and sends the passkey. Until that is answered, no list is offered.
   *
   * @param request gets the options
   */
  async dialog<Options, Refusal, Passkey, Result>(
    request: Promise<Asked<Options, Refusal>>,
    show: (options: Options) => Promise<Passkey>,
    send: (passkey: Passkey) => Promise<Result>,
  ): Promise<Result | NotGiven<Refusal>> {
    const asked = await request;
    if (isRefused(asked)) return asked;
    this.#round?.abort();
    const result = this.#roundEnded
      .then(() => show(asked.data))
      .then(send, (cause: unknown) => ({ error: passkeyErrorOf(cause) }));
    const ended = result.catch(() => {});
    this.#dialog = ended;
    try {
      return await result;
    } finally {
      if (this.#dialog === ended) this.#dialog = undefined;
    }
  }

  /**
   * Offers the passkeys in the browser's list until one is chosen, with a new challenge before the last one
   * expires. It is `aborted` when there is another list, too.
   *
   * @param request gets the options of a round. When it fails after the first, it is sent again
   */
  async list<Refusal>(
    request: () => Promise<Asked<PasskeyRequestOptions, Refusal>>,
    { signal, isOver }: ListRules,
  ): Promise<Given<PasskeyAssertion, Refusal>> {
    if (!(await hasPasskeyList())) return { error: new PasskeyError('not-supported') };
    const list = {};
    this.#list = list;
    this.#round?.abort();
    const isAborted = () => this.#list !== list || signal?.aborted || isOver();
    for (let isFirst = true; ; isFirst = false) {
      await this.#roundEnded;
      while (this.#dialog !== undefined) await this.#dialog;
      if (isAborted()) return { error: new PasskeyError('aborted') };
      const requestedAt = Date.now();
      const asked = await (isFirst ? request() : request().catch(() => undefined));
      if (isAborted() || this.#dialog !== undefined) continue;
      if (asked?.data !== undefined) {
        const given = await this.#offer(asked.data, requestedAt, signal);
        if (given !== undefined) return given;
      } else if (isFirst && asked !== undefined) return asked;
      else await pause(signal);
    }
  }

  /** @returns undefined when a dialog, another list, the clock or the signal has ended the round */
  async #offer(
    options: PasskeyRequestOptions,
    requestedAt: number,
    signal: AbortSignal | undefined,
  ): Promise<Given<PasskeyAssertion, never> | undefined> {
    const round = new AbortController();
    const end = () => round.abort();
    const timer = setInterval(() => {
      if (Date.now() - requestedAt >= options.timeout * RENEW_AFTER) end();
    }, CLOCK_INTERVAL_MS);
    unref(timer);
    signal?.addEventListener('abort', end);
    const answer = usePasskey(options, { mediation: 'conditional', signal: round.signal });
    this.#round = round;
    this.#roundEnded = answer.catch(() => {});
    try {
      return { passkey: await answer };
    } catch (error) {
      return round.signal.aborted ? undefined : { error: passkeyErrorOf(error) };
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', end);
    }
  }
}

function isRefused<Refusal>(asked: Asked<unknown, Refusal>): asked is Refused<Refusal> {
  return asked.data === undefined;
}

/** Waits before the next request, or until the signal is aborted. */
function pause(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      resolve();
    };
    const timer = setTimeout(stop, CLOCK_INTERVAL_MS);
    unref(timer);
    signal?.addEventListener('abort', stop);
  });
}
