import { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import pino from 'pino';
import type { Config } from '../config/index.ts';
import { isHealthCheck } from './request-context.ts';

/** Numbers of pino's levels; a higher one is more severe. */
const [DEBUG, INFO] = [20, 30];

type Bindings = Parameters<FastifyBaseLogger['child']>[0];
type Options = Parameters<FastifyBaseLogger['child']>[1];
type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/**
 * A log whose children are made when they write their first line. Fastify makes a child for each request,
 * with its id in each line; most requests write none.
 */
export class LazyLog implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger;
  readonly #bindings: Bindings;
  readonly #options: Options;
  #own: FastifyBaseLogger | undefined;

  constructor(parent: FastifyBaseLogger, bindings: Bindings, options?: Options) {
    this.#parent = parent;
    this.#bindings = bindings;
    this.#options = options;
  }

  get level() {
    return this.#made.level;
  }

  set level(level) {
    this.#made.level = level;
  }

  child(bindings: Bindings, options?: Options): FastifyBaseLogger {
    return new LazyLog(this, bindings, options);
  }

  trace(...line: unknown[]): void {
    this.#write('trace', line);
  }

  debug(...line: unknown[]): void {
    this.#write('debug', line);
  }

  info(...line: unknown[]): void {
    this.#write('info', line);
  }

  warn(...line: unknown[]): void {
    this.#write('warn', line);
  }

  error(...line: unknown[]): void {
    this.#write('error', line);
  }

  fatal(...line: unknown[]): void {
    this.#write('fatal', line);
  }

  silent(): void {}

  get #made(): FastifyBaseLogger {
    const parent = this.#parent instanceof LazyLog ? this.#parent.#made : this.#parent;
    this.#own ??= parent.child(this.#bindings, this.#options);
    return this.#own;
  }

  #write(level: Level, line: unknown[]): void {
    const log = this.#made;
    Reflect.apply(log[level], log, line);
  }
}

function isAskedAllTheTime(request: FastifyRequest): boolean {
  return isHealthCheck(request) || request.routeOptions?.config.isFeed === true;
}

/**
 * Writes one line for each request when it is answered: the request, the response and the time between them.
 * At `debug`, it also writes a line when the request arrives.
 */
export class RequestLines extends LogController {
  readonly #enabled: Readonly<Record<'debug' | 'info', boolean>>;

  constructor(level: Config['logLevel']) {
    super();
    const isEnabled = (lowest: number) =>
      pino.levels.values[level] !== undefined && pino.levels.values[level] <= lowest;
    this.#enabled = { debug: isEnabled(DEBUG), info: isEnabled(INFO) };
  }

  override incomingRequest(request: FastifyRequest): void {
    if (this.#enabled.debug) request.log.debug({ req: request }, 'incoming request');
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    if (!error && !this.#enabled.info) return;
    const line = { req: request, res: reply, responseTime: reply.elapsedTime };
    if (error) request.log.error({ ...line, err: error }, 'request errored');
    // Supervisors ask every few seconds, and fill the log with answers that all is well.
    else if (reply.statusCode < 400 && isAskedAllTheTime(request))
      request.log.debug(line, 'request completed');
    else request.log.info(line, 'request completed');
  }
}
