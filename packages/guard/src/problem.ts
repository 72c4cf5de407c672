import type { ProblemTexts } from './contract.ts';

/** The kinds of problems that a guard answers with. They are those of Latchkey. */
const registry = {
  'authentication-required': {
    status: 401,
    title: 'Authentication required',
    detail: 'This page needs an access token. Send it as `Authorization: Bearer <token>`.',
  },
  'invalid-request': {
    status: 400,
    title: 'Invalid request',
    detail:
      'The Authorization header must be `Bearer <token>`, sent once and in the header only (RFC 6750 section 2).',
  },
  'invalid-token': {
    status: 401,
    title: 'Invalid token',
    detail:
      'The access token is expired, revoked or was not issued by the service. Refresh it, or sign in again.',
  },
  'two-factors-required': {
    status: 401,
    title: 'Two factors required',
    detail: 'This request needs both factors of the account. Prove them with POST /me/reauthenticate.',
  },
  'recent-sign-in-required': {
    status: 401,
    title: 'Recent sign-in required',
    detail: 'This request needs a recent sign-in. Prove it with POST /me/reauthenticate.',
  },
  'key-not-allowed': {
    status: 403,
    title: 'API key not allowed',
    detail: 'This request needs a person who has signed in: send the access token of a session.',
  },
  'operation-not-allowed': {
    status: 403,
    title: 'Operation not allowed',
    detail:
      'The API key lists operations, and this request is none of them. Make a key that lists `*`, for all of them.',
  },
  'access-denied': {
    status: 403,
    title: 'Access denied',
    detail: 'You do not have access to that page. Sorry!',
  },
  'not-ready': {
    status: 503,
    title: 'Not ready',
    detail:
      'This service does not know at the moment which tokens are valid. Try again after `Retry-After` seconds.',
  },
} as const satisfies ProblemTexts;

export type GuardSlug = keyof typeof registry;

/** The body of an answer (RFC 9457). */
export interface ProblemBody {
  readonly type: string;
  readonly slug: GuardSlug;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly required?: number;
  readonly actual?: number;
  readonly operation?: string;
}

export interface ProblemOptions {
  readonly issuer: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly required?: number;
  readonly actual?: number;
  /** The operation that the route declares, and that an API key does not list. */
  readonly operation?: string | undefined;
  /** In place of the text of the kind. */
  readonly detail?: string;
  readonly cause?: unknown;
}

/** A refused request: answer it with the status, the headers and the body. */
export class GuardProblem extends Error {
  override name = 'GuardProblem';
  readonly slug: GuardSlug;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ProblemBody;

  constructor(slug: GuardSlug, { issuer, headers = {}, cause, ...options }: ProblemOptions) {
    const { status, title } = registry[slug];
    const { required, actual, operation, detail = registry[slug].detail } = options;
    // No stack trace: an attack would make the process collect thousands a second.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(detail, { cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.slug = slug;
    this.statusCode = status;
    this.headers = { 'content-type': 'application/problem+json; charset=utf-8', ...headers };
    this.body = {
      type: `${issuer}/problems/${slug}`,
      slug,
      title,
      status,
      detail,
      ...(required !== undefined && { required }),
      ...(actual !== undefined && { actual }),
      ...(operation !== undefined && { operation }),
    };
  }
}
