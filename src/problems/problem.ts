import type { ProblemBody } from './problem.schemas.ts';
import { type ProblemSlug, registry } from './registry.ts';

/** One thing that is wrong with a request. A missing or unknown member is named by its own pointer. */
export type InvalidPart = NonNullable<ProblemBody['errors']>[number];

/** What a problem may carry beside its registered members. */
export interface ProblemExtras {
  /** In place of the registered detail. */
  readonly detail?: string;
  readonly errors?: InvalidPart[];
  /** The access level that the route asks for, and the caller's. */
  readonly required?: number;
  readonly actual?: number;
  /** Response headers, `WWW-Authenticate` for instance. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only; never sent. */
  readonly cause?: unknown;
}

/** An error that is answered with an RFC 9457 body. Throw it from anywhere; the error handler renders it. */
export class Problem extends Error {
  override name = 'Problem';
  readonly slug: ProblemSlug;
  readonly statusCode: number;
  readonly extras: ProblemExtras;

  constructor(slug: ProblemSlug, extras: ProblemExtras = {}) {
    // It says what is wrong, not where: nobody reads its stack, and attackers would have us collect thousands a second.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(extras.detail ?? registry[slug].detail, { cause: extras.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.slug = slug;
    this.statusCode = registry[slug].status;
    this.extras = extras;
  }
}

/** A body that fits its schema and is wrong nevertheless. @param pointer JSON Pointer to the part */
export function invalidBody(pointer: string, message: string): Problem {
  return new Problem('validation-failed', { errors: [{ in: 'body', pointer, message }] });
}

/** A parameter that fits its schema and is wrong nevertheless. @param name as it stands in the query */
export function invalidQuery(name: string, message: string): Problem {
  return new Problem('validation-failed', { errors: [{ in: 'query', pointer: `/${name}`, message }] });
}

/**
 * A problem that passes by itself, with the `Retry-After` that its clients wait for (RFC 9110 section 10.2.3).
 *
 * @param seconds until it is worth trying again; rounded up, and one at least
 */
export function retryLater(slug: ProblemSlug, seconds: number, cause?: unknown): Problem {
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(seconds))) };
  return new Problem(slug, { headers, ...(cause !== undefined && { cause }) });
}

/**
 * The response body of a problem: `application/problem+json`.
 *
 * @param publicUrl where the service is reached; `type` is a page under it
 */
export function problemBody(problem: Problem, publicUrl: string, requestId: string): ProblemBody {
  const { errors, required, actual } = problem.extras;
  return {
    type: `${publicUrl}/problems/${problem.slug}`,
    title: registry[problem.slug].title,
    status: problem.statusCode,
    detail: problem.message,
    ...(errors && { errors }),
    ...(required !== undefined && { required }),
    ...(actual !== undefined && { actual }),
    requestId,
  };
}
