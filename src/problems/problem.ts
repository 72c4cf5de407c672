import { DeclarationError } from '../lib/declaration-error.ts';
import { type AnySlug, BLANK, blankEntry, isErrorStatus, requireEntry } from './own-problems.ts';
import type { OwnSlug } from './own-slugs.ts';
import type { ErrorCode, InvalidPart } from './problem.schemas.ts';
import type { ProblemEntry, ProblemSlug } from './registry.ts';

/** Optional parts of a problem. */
export interface ProblemExtras {
  /** The detail, in place of the registered one. */
  readonly detail?: string;
  readonly errors?: InvalidPart[];
  /** The access level that the route needs, and the level of the caller. */
  readonly required?: number;
  readonly actual?: number;
  /** The operation that an API key does not list. */
  readonly operation?: string;
  /**
   * The challenge of a sign-in whose second factor is missing, and the methods that the account has for it.
   */
  readonly challenge?: string;
  readonly methods?: readonly string[];
  /** Response headers, `WWW-Authenticate` for instance. */
  readonly headers?: Readonly<Record<string, string | number | string[]>>;
  /** The cause, for the log only; it is never sent. */
  readonly cause?: unknown;
}

/** An error that is answered with an RFC 9457 body. Throw it from anywhere; the error handler renders it. */
export class Problem extends Error {
  override name = 'Problem';
  readonly slug: AnySlug;
  readonly title: string;
  readonly statusCode: number;
  readonly extras: ProblemExtras;

  /**
   * @param kind a slug of the registry or of the option `problems`; or a status, for the type `about:blank`
   * @throws {DeclarationError} for an unknown slug, and for a status that is not from 400 to 599
   */
  constructor(kind: ProblemSlug | OwnSlug | number, extras: ProblemExtras = {}) {
    const { status, title, detail } = findKind(kind);
    // No stack trace: it is never read, and an attack would make the process collect thousands a second.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(extras.detail ?? detail, { cause: extras.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.slug = typeof kind === 'number' ? BLANK : kind;
    this.title = title;
    this.statusCode = status;
    this.extras = extras;
  }
}

function findKind(kind: string | number): ProblemEntry {
  if (typeof kind === 'string') return requireEntry(kind);
  if (isErrorStatus(kind)) return blankEntry(kind);
  throw new DeclarationError(`A problem has a status from 400 to 599, not ${kind}`);
}

/**
 * Makes a problem to throw: `throw problem('out-of-stock')`, or `throw problem(404, { detail })` for one
 * without a slug.
 *
 * @throws {DeclarationError} for an unknown slug, and for a status that is not from 400 to 599
 */
export function problem(kind: ProblemSlug | OwnSlug | number, extras?: ProblemExtras): Problem {
  return new Problem(kind, extras);
}

/**
 * The problem of a body that fits its schema but is not valid.
 *
 * @param pointer JSON Pointer to the part
 */
export function invalidBody(pointer: string, code: ErrorCode, message: string): Problem {
  return new Problem('validation-failed', { errors: [{ in: 'body', pointer, code, message }] });
}

/**
 * The problem of a query parameter that fits its schema but is not valid.
 *
 * @param name as in the query
 */
export function invalidQuery(name: string, code: ErrorCode, message: string): Problem {
  return new Problem('validation-failed', { errors: [{ in: 'query', pointer: `/${name}`, code, message }] });
}

/**
 * A temporary problem, with `Retry-After` for its clients (RFC 9110 section 10.2.3).
 *
 * @param seconds until another attempt makes sense; rounded up, and one at least
 */
export function retryLater(slug: ProblemSlug, seconds: number, cause?: unknown): Problem {
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(seconds))) };
  return new Problem(slug, { headers, ...(cause !== undefined && { cause }) });
}

/** The body of every 4xx and 5xx answer: RFC 9457 section 3. */
export interface ProblemBody
  extends Pick<ProblemExtras, 'errors' | 'required' | 'actual' | 'operation' | 'challenge' | 'methods'> {
  /** URL of the entry in the registry. */
  readonly type: string;
  /** Left out for the type `about:blank`. */
  readonly slug?: ProblemSlug | OwnSlug;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId: string;
}

/**
 * Builds the response body of a problem: `application/problem+json`.
 *
 * @param publicUrl public URL of the service; a `type` with a slug is a page below it
 */
export function problemBody(problem: Problem, publicUrl: string, requestId: string): ProblemBody {
  const { errors, required, actual, operation, challenge, methods } = problem.extras;
  return {
    type: problem.slug === BLANK ? BLANK : `${publicUrl}/problems/${problem.slug}`,
    ...(problem.slug !== BLANK && { slug: problem.slug }),
    title: problem.title,
    status: problem.statusCode,
    detail: problem.message,
    ...(errors && { errors }),
    ...(required !== undefined && { required }),
    ...(actual !== undefined && { actual }),
    ...(operation !== undefined && { operation }),
    ...(challenge !== undefined && { challenge }),
    ...(methods && { methods }),
    requestId,
  };
}
