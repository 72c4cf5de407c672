import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { Problem, problemBody } from './problem.ts';
import type { ProblemCounter } from './problem-counter.ts';
import type { ProblemSlug } from './registry.ts';
import { RejectionThrottle } from './rejection-throttle.ts';
import { newRequestId } from './request-id.ts';
import { toProblem } from './translate.ts';

const contentType = 'application/problem+json; charset=utf-8';

/** Of those who come too often. */
const THROTTLED_PROBLEMS: ReadonlySet<ProblemSlug> = new Set([
  'busy',
  'too-many-requests',
  'too-many-attempts',
]);

/** Milliseconds between two lines about what passes by itself, of which there may be one a request. */
const QUIET = 1_000;

export interface ProblemOptions {
  /** Where the service is reached: problem types are pages under it. */
  readonly publicUrl: string;
  /** Counts what is answered. */
  readonly problemCounter: ProblemCounter;
  /** Recognises errors of rooms that this one may not know, the database's for instance. */
  readonly recognise?: (error: unknown) => Problem | undefined;
}

type AnswerOptions = Omit<ProblemOptions, 'recognise'>;

/** Error and not-found handlers: every 4xx and 5xx leaves as `application/problem+json` (RFC 9457). */
async function problems(app: FastifyInstance, options: ProblemOptions) {
  const { recognise } = options;
  const pace = new RejectionThrottle();
  app.setErrorHandler((error, request, reply) => {
    const problem = isCutOff(request)
      ? new Problem('bad-request', { cause: error })
      : (recognise?.(error) ?? toProblem(error));
    if (THROTTLED_PROBLEMS.has(problem.slug))
      pace.do(request.raw.socket, () => sendProblem(problem, options, request, reply));
    else sendProblem(problem, options, request, reply);
  });

  // Node answers these two itself, with no body, unless it is told not to: see `requireHostHeader` in app.ts.
  app.addHook('onRequest', (request, _reply, done) => {
    // RFC 9112 section 3.2: exactly one, which has no space; two of them are joined with one. Older versions of HTTP have no Host.
    const { host } = request.headers;
    const isGood = host === undefined ? request.raw.httpVersion !== '1.1' : !host.includes(' ');
    done(isGood ? undefined : new Problem('bad-request'));
  });
  // RFC 9110 section 10.1.1: an unknown expectation may be ignored.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));

  app.setNotFoundHandler((request, reply) => {
    const allowed = app.supportedMethods.filter(
      (method) => app.findRoute({ method, url: pathOf(request.url) }) !== null,
    );
    // Preflight requests are answered for every URL, there or not.
    const isThere = allowed.some((method) => method !== 'OPTIONS');
    // A route that takes the method has itself found nothing there: a file, for instance.
    const problem =
      isThere && !allowed.includes(request.method)
        ? new Problem('method-not-allowed', { headers: { allow: allowed.join(', ') } })
        : new Problem('not-found');
    sendProblem(problem, options, request, reply);
  });
}

/** For errors that Fastify meets before it has a route (a URL that cannot be decoded): its `frameworkErrors` option. */
export function frameworkErrors(options: AnswerOptions) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    sendProblem(toProblem(error), options, request, reply);
  };
}

/** For bytes that are no HTTP request, and for clients that are too slow: Fastify's `clientErrorHandler` option. */
export function clientErrorHandler({ publicUrl, problemCounter }: AnswerOptions) {
  return function answer(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const known = toProblem(error);
    const problem = known.slug === 'internal-error' ? new Problem('bad-request') : known;
    const requestId = newRequestId();
    problemCounter.add(problem.slug);
    // Not the error itself: it holds the bytes that were sent, and a token or a password may be among them.
    this.log.info({ reqId: requestId, code: error.code, problem: problem.slug }, 'Bytes that are no request');
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

function sendProblem(
  problem: Problem,
  { publicUrl, problemCounter }: AnswerOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  problemCounter.add(problem.slug);
  logProblem(problem, request);
  reply
    .code(problem.statusCode)
    .headers({ ...problem.extras.headers })
    // Also where no hook has run: a URL that cannot be decoded.
    .header('x-request-id', request.id)
    .type(contentType)
    // The route's own serializer would turn a problem that its schema does not list into plain JSON.
    .serializer(JSON.stringify)
    .send(problemBody(problem, publicUrl, request.id));
}

/** Of each problem that passes by itself: when it was logged last, and how often it has been left out since. */
const logged = new Map<ProblemSlug, { at: number; leftOut: number }>();

/** What nobody foresaw is logged with its stack; what passes by itself (503) in a line a second. */
function logProblem({ statusCode, slug, cause, message }: Problem, { log }: FastifyRequest): void {
  if (statusCode < 500) return;
  if (statusCode !== 503) {
    log.error({ err: cause, problem: slug }, message);
    return;
  }
  const { at, leftOut } = logged.get(slug) ?? { at: Number.NEGATIVE_INFINITY, leftOut: 0 };
  const now = performance.now();
  const isLogged = now - at >= QUIET;
  logged.set(slug, isLogged ? { at: now, leftOut: 0 } : { at, leftOut: leftOut + 1 });
  if (!isLogged) return;
  const reason = cause instanceof Error ? cause.message.trim() : undefined;
  log.warn({ problem: slug, reason, ...(leftOut > 0 && { leftOut }) }, message);
}

/** Whether the connection broke, or was no HTTP any more, before all of the request was there: nobody reads the answer. */
function isCutOff({ raw }: FastifyRequest): boolean {
  return raw.destroyed && !raw.complete;
}

function pathOf(url: string): string {
  const end = url.search(/[?;#]/);
  return end === -1 ? url : url.slice(0, end);
}

export default fp(problems, { name: 'problems', fastify: '5.x' });
