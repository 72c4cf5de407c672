import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { type AnySlug, BLANK, declareProblems, type OwnProblemTable } from './own-problems.ts';
import { Problem, problemBody } from './problem.ts';
import type { ProblemCounter } from './problem-counter.ts';
import type { ProblemEntry } from './registry.ts';
import { RejectionThrottle } from './rejection-throttle.ts';
import { newRequestId } from './request-id.ts';
import { toProblem } from './translate.ts';

const contentType = 'application/problem+json; charset=utf-8';

/** Responses that are rate-limited. */
const THROTTLED_PROBLEMS: ReadonlySet<AnySlug> = new Set(['busy', 'too-many-requests', 'too-many-attempts']);

/** Milliseconds between two log lines about a temporary problem, which each request may have. */
const LOG_INTERVAL_MS = 1_000;

declare module 'fastify' {
  interface FastifyInstance {
    /** The problems of the embedding app: its option `problems`. */
    readonly ownProblems: ReadonlyMap<string, ProblemEntry>;
  }
}

export interface ProblemOptions {
  /** The public URL of the service: problem types are pages below it. */
  readonly publicUrl: string;
  /** The counter of all problems that are answered. */
  readonly problemCounter: ProblemCounter;
  /** Translates errors of other modules, for instance of the database. */
  readonly recognise?: (error: unknown) => Problem | undefined;
  /** The problems of the embedding app. */
  readonly own?: OwnProblemTable | undefined;
  /** False where a URL without a route is the business of the app that hosts the service. */
  readonly answersNotFound: boolean;
}

/** The options of everything that sends problems. */
export type AnswerOptions = Pick<ProblemOptions, 'publicUrl' | 'problemCounter'>;

/** The error and not-found handlers: every 4xx and 5xx is sent as `application/problem+json` (RFC 9457). */
async function problems(app: FastifyInstance, options: ProblemOptions) {
  const { recognise } = options;
  app.decorate('ownProblems', declareProblems(options.own));
  const throttle = new RejectionThrottle();
  app.setErrorHandler((error, request, reply) => {
    const problem = isCutOff(request)
      ? new Problem('bad-request', { cause: error })
      : (recognise?.(error) ?? toProblem(error));
    if (THROTTLED_PROBLEMS.has(problem.slug))
      throttle.schedule(request.raw.socket, () => sendProblem(problem, options, request, reply));
    else sendProblem(problem, options, request, reply);
  });

  // By default, Node.js answers these two itself, without a body: see `requireHostHeader` in
  // server-factory.ts.
  app.addHook('onRequest', (request, _reply, done) => {
    // RFC 9112 section 3.2: exactly one Host, without a space. Node.js joins two of them with a space. Older
    // versions of HTTP have no Host.
    const { host } = request.headers;
    const isGood = host === undefined ? request.raw.httpVersion !== '1.1' : !host.includes(' ');
    done(isGood ? undefined : new Problem('bad-request'));
  });

  if (!options.answersNotFound) return;
  app.setNotFoundHandler((request, reply) => {
    const allowed = app.supportedMethods.filter(
      (method) => app.findRoute({ method, url: pathOf(request.url) }) !== null,
    );
    // A preflight request is answered for every URL, with or without a route.
    const isThere = allowed.some((method) => method !== 'OPTIONS');
    // A route that has the method may itself find nothing, for instance no file.
    const problem =
      isThere && !allowed.includes(request.method)
        ? new Problem('method-not-allowed', { headers: { allow: allowed.join(', ') } })
        : new Problem('not-found');
    sendProblem(problem, options, request, reply);
  });
}

/**
 * Makes the `frameworkErrors` option of Fastify, for errors before there is a route: a URL that cannot be
 * decoded.
 */
export function frameworkErrors(options: AnswerOptions) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    sendProblem(toProblem(error), options, request, reply);
  };
}

/**
 * Makes the `clientErrorHandler` option of Fastify, for malformed HTTP requests and clients that are too
 * slow.
 */
export function clientErrorHandler({ publicUrl, problemCounter }: AnswerOptions) {
  return function answer(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const known = toProblem(error);
    const problem = known.slug === 'internal-error' ? new Problem('bad-request') : known;
    const requestId = newRequestId();
    problemCounter.add(problem.slug);
    // The error itself is not logged: it holds the bytes of the request, which may contain a token or a
    // password.
    this.log.info({ reqId: requestId, code: error.code, problem: problem.slug }, 'Malformed HTTP request');
    const body = JSON.stringify(problemBody(problem, publicUrl, requestId));
    if (socket.writable) {
      socket.write(
        `HTTP/1.1 ${problem.statusCode} ${STATUS_CODES[problem.statusCode]}\r\nConnection: close\r\n` +
          `X-Request-Id: ${requestId}\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    }
    socket.destroy();
  };
}

/** Sends a problem as the answer to a request. */
export function sendProblem(
  problem: Problem,
  { publicUrl, problemCounter }: AnswerOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  problemCounter.add(problem.slug);
  logProblem(problem, request);
  reply
    .code(problem.statusCode)
    .headers(headersOf(problem, publicUrl))
    // Set here too, because no hook has run for a URL that cannot be decoded.
    .header('x-request-id', request.id)
    .type(contentType)
    // The route's own serializer would send a problem that its schema does not list as plain JSON.
    .serializer(JSON.stringify)
    .send(problemBody(problem, publicUrl, request.id));
}

/** Problems of an access token, whose challenge says where the metadata of the service is (RFC 9728). */
const TOKEN_PROBLEMS: ReadonlySet<AnySlug> = new Set([
  'authentication-required',
  'invalid-token',
  'recent-sign-in-required',
  'two-factors-required',
]);

/** Returns the header fields of a problem. */
export function headersOf(
  { slug, extras: { headers = {} } }: Problem,
  publicUrl: string,
): Record<string, string | number | string[]> {
  const challenge = headers['www-authenticate'];
  if (challenge === undefined || !TOKEN_PROBLEMS.has(slug)) return { ...headers };
  const metadata = `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource"`;
  return { ...headers, 'www-authenticate': `${challenge}, ${metadata}` };
}

/** For each temporary problem: the time of its last log line, and the number of lines left out since then. */
const logged = new Map<AnySlug, { at: number; leftOut: number }>();

/**
 * Logs a problem: an unexpected error with its stack, a temporary one (503) at most once a second, and of the
 * client errors those whose message the client does not get.
 */
function logProblem({ statusCode, slug, cause, message }: Problem, { log }: FastifyRequest): void {
  if (statusCode < 500) {
    if (slug === BLANK && cause !== undefined) log.info({ err: cause }, 'Request refused');
    return;
  }
  if (statusCode !== 503) {
    log.error({ err: cause, problem: slug }, message);
    return;
  }
  const { at, leftOut } = logged.get(slug) ?? { at: Number.NEGATIVE_INFINITY, leftOut: 0 };
  const now = performance.now();
  const isLogged = now - at >= LOG_INTERVAL_MS;
  logged.set(slug, isLogged ? { at: now, leftOut: 0 } : { at, leftOut: leftOut + 1 });
  if (!isLogged) return;
  const reason = cause instanceof Error ? cause.message.trim() : undefined;
  log.warn({ problem: slug, reason, ...(leftOut > 0 && { leftOut }) }, message);
}

/**
 * Tells whether the connection broke, or stopped being HTTP, before the whole request arrived. Then no client
 * reads the answer.
 */
function isCutOff({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}

function pathOf(url: string): string {
  const end = url.search(/[?;#]/);
  return end === -1 ? url : url.slice(0, end);
}

export default fp(problems, { name: 'problems', fastify: '5.x' });
