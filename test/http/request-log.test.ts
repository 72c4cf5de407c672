/**
 * Tests the log of requests: one line each, with its id, and none below the level.
 *
 * @runs once, on SQLite: it uses no rows.
 */
import { Writable } from 'node:stream';
import Fastify, { LogController } from 'fastify';
import pino from 'pino';
import t from 'tap';
import { LazyLog, RequestLines } from '#latchkey/http/request-log.ts';

type Level = ConstructorParameters<typeof RequestLines>[0];

/** Starts a server that logs at a level, and collects its lines. */
function build(level: Level) {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  let children = 0;
  const log = pino({ level, onChild: () => void children++ }, stream);
  const own = new RequestLines(level);
  // The bundle has its own Fastify, whose class is not the class in this file.
  const logController = Object.assign(new LogController(), {
    incomingRequest: own.incomingRequest.bind(own),
    requestCompleted: own.requestCompleted.bind(own),
  });
  const app = Fastify({ loggerInstance: new LazyLog(log, {}), logController, genReqId: () => 'ours' });
  app.get('/', async () => 'quiet');
  app.get('/loud', async (request) => {
    request.log.warn({ of: 'the handler' }, 'said');
    request.log.child({ part: 'b' }).error('and more');
    return 'loud';
  });
  return { app, lines, made: () => children };
}

t.test('A request is logged in one line when it is answered', async (t) => {
  const { app, lines } = build('info');
  await app.inject('/');
  t.equal(lines.length, 1);
  t.match(lines[0], {
    msg: 'request completed',
    reqId: 'ours',
    req: { method: 'GET', url: '/' },
    res: { statusCode: 200 },
    responseTime: Number,
  });
});

t.test('A health check that succeeds is logged at debug only, and one that fails at info', async (t) => {
  for (const [level, statusCode, messages] of [
    ['info', 200, []],
    ['info', 503, ['request completed']],
    ['debug', 200, ['incoming request', 'request completed']],
  ] as const) {
    const { app, lines } = build(level);
    app.get('/health/ready', { config: { isHealthCheck: true } }, async (_request, reply) =>
      reply.code(statusCode).send('state'),
    );
    await app.inject('/health/ready?token=1');
    t.strictSame(
      lines.filter(({ msg }) => String(msg).includes('request')).map(({ msg }) => msg),
      messages,
      `${level} ${statusCode}`,
    );
    const before = lines.length;
    await app.inject({ method: 'HEAD', url: '/health/other' });
    t.ok(lines.length > before, 'a path that only looks like one is logged');
  }
});

t.test('At level debug, a request is also logged when it arrives', async (t) => {
  const { app, lines } = build('debug');
  await app.inject('/');
  t.strictSame(
    lines.map(({ msg }) => msg),
    ['incoming request', 'request completed'],
  );
});

t.test('A level that is not logged makes neither a line nor a child logger', async (t) => {
  const { app, lines, made } = build('warn');
  await app.ready();
  const before = made();
  await app.inject('/');
  t.equal(lines.length, 0);
  t.equal(made(), before);
  await app.inject('/loud');
  t.ok(made() > before, 'what has something to say has one');
});

t.test(
  'The lines of a handler have the id of its request and the bindings of its child loggers',
  async (t) => {
    const { app, lines } = build('warn');
    await app.inject('/loud');
    t.match(lines, [
      { level: 40, reqId: 'ours', of: 'the handler', msg: 'said' },
      { level: 50, reqId: 'ours', part: 'b', msg: 'and more' },
    ]);
    t.equal(lines.length, 2);
  },
);
