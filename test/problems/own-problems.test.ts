/** Tests the errors and the problems of routes of an embedding app. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { parseConfig } from '#latchkey/config/index.ts';
import { buildApp, type Problem, problem } from '#latchkey/index.ts';
import { environment, PUBLIC_URL, startApi } from '../helper.ts';

/** An error in the form that http-errors and @fastify/sensible give theirs. */
const httpError = (statusCode: number, message: string, members: object = {}) =>
  Object.assign(new Error(message), { statusCode, status: statusCode, expose: statusCode < 500, ...members });

const outOfStock = { status: 409, title: 'Out of stock', detail: 'There are none left. Try another size.' };
const config = { access: 'public' };

t.test('An error that has a status keeps it, and its message only where it is for the client', async (t) => {
  const errors: Record<string, { error: unknown; status: number; body: object }> = {
    'a client error of http-errors': {
      error: httpError(404, 'There is no such order'),
      status: 404,
      body: { type: 'about:blank', title: 'Not Found', status: 404, detail: 'There is no such order' },
    },
    'a hidden client error': {
      error: httpError(402, 'innermost secret', { expose: false }),
      status: 402,
      body: {
        type: 'about:blank',
        title: 'Payment Required',
        detail: /^The request was refused; the reason/,
      },
    },
    'a server error': {
      error: httpError(502, 'innermost secret'),
      status: 502,
      body: { type: 'about:blank', title: 'Bad Gateway', detail: /^Something went wrong in the service/ },
    },
    'a server error that may be shown': {
      error: httpError(503, 'Closed on Sundays', { expose: true }),
      status: 503,
      body: { type: 'about:blank', title: 'Service Unavailable', detail: 'Closed on Sundays' },
    },
    'a plain error with a statusCode': {
      error: Object.assign(new Error('There is no such order'), { statusCode: 410 }),
      status: 410,
      body: { type: 'about:blank', title: 'Gone', detail: 'There is no such order' },
    },
    'an object with a statusCode': {
      error: { statusCode: 418, message: 'Short and stout' },
      status: 418,
      body: { type: 'about:blank', title: "I'm a Teapot", detail: 'Short and stout' },
    },
    'an error with status 500': {
      error: httpError(500, 'innermost secret'),
      status: 500,
      body: { type: `${PUBLIC_URL}/problems/internal-error` },
    },
    'an error with a status that is none': {
      error: Object.assign(new Error('innermost secret'), { statusCode: 200 }),
      status: 500,
      body: { type: `${PUBLIC_URL}/problems/internal-error` },
    },
    'an error of a client of another service, which has only a status': {
      error: Object.assign(new Error('innermost secret'), { status: 401 }),
      status: 500,
      body: { type: `${PUBLIC_URL}/problems/internal-error` },
    },
    'a problem without a slug': {
      error: problem(404, { detail: 'There is no such order' }),
      status: 404,
      body: { type: 'about:blank', title: 'Not Found', detail: 'There is no such order' },
    },
    'a problem of the registry': {
      error: problem('precondition-failed'),
      status: 412,
      body: { type: `${PUBLIC_URL}/problems/precondition-failed` },
    },
  };
  const { ask } = await startApi(
    t,
    {},
    {
      routes: async (own) => {
        for (const [name, { error }] of Object.entries(errors))
          own.get(`/${encodeURIComponent(name)}`, { config }, async () => Promise.reject(error));
      },
    },
  );
  for (const [name, { status, body }] of Object.entries(errors)) {
    const answer = await ask('GET', `/${encodeURIComponent(encodeURIComponent(name))}`);
    t.match(answer, { status, body: { ...body, status, requestId: String } }, name);
    t.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', name);
    t.notMatch(JSON.stringify(answer.body), 'innermost', name);
  }
});

t.test('The headers of an error are those of its answer, but for those of its body', async (t) => {
  const headers = {
    'Retry-After': 120,
    'X-Reasons': ['one', 'two'],
    'Content-Length': 5,
    'content-type': 'text/html',
    'Transfer-Encoding': 'chunked',
    'X-Broken': 'a\r\nb: c',
    'not a name': 'value',
  };
  const { ask } = await startApi(
    t,
    {},
    {
      routes: async (own) =>
        void own.get('/closed', { config }, async () =>
          Promise.reject(httpError(503, 'Closed', { headers })),
        ),
    },
  );
  const answer = await ask('GET', '/closed');
  t.match(answer, { status: 503, body: { type: 'about:blank' } });
  t.match(answer.headers, { 'retry-after': '120', 'content-type': /^application\/problem\+json/ });
  t.match([answer.headers['x-reasons']].flat().join(), /^one, ?two$/);
  t.equal(answer.headers['transfer-encoding'], undefined);
  t.equal(answer.headers['x-broken'], undefined);
});

t.test('A declared problem is answered, has a page, and is in the contract of its routes', async (t) => {
  const { ask } = await startApi(
    t,
    {},
    {
      problems: { 'out-of-stock': outOfStock },
      routes: async (own) => {
        own.post('/orders', { config: { ...config, problems: ['out-of-stock'] } }, async () => {
          throw problem('out-of-stock', { headers: { 'x-left': '0' } });
        });
      },
    },
  );
  const type = `${PUBLIC_URL}/problems/out-of-stock`;
  t.match(await ask('POST', '/orders'), {
    status: 409,
    body: { type, ...outOfStock, requestId: String },
    headers: { 'x-left': '0' },
  });
  t.match(await ask('GET', '/problems/out-of-stock'), {
    status: 200,
    body: { type, slug: 'out-of-stock', ...outOfStock },
  });
  t.match((await ask('GET', '/problems')).body.problems.at(-1), { type, slug: 'out-of-stock' });
  const { body: contract } = await ask('GET', '/openapi.json');
  const answer = contract.paths['/orders'].post.responses['409'];
  t.match(answer.description, '`out-of-stock`: Out of stock');
  t.strictSame(answer.content['application/problem+json'].examples, {
    'out-of-stock': { $ref: '#/components/examples/out-of-stock' },
  });
  t.match(contract.components.examples['out-of-stock'].value, { ...outOfStock });

  const other = await startApi(t);
  t.equal((await other.ask('GET', '/problems/out-of-stock')).status, 404, 'in another app of the process');
});

t.test('A problem that is declared wrongly is refused, with what to do', async (t) => {
  const refused: [Record<string, typeof outOfStock>, RegExp][] = [
    [{ busy: outOfStock }, /^The problem "busy" is a problem of Latchkey's own$/],
    [{ 'Out of stock': outOfStock }, /has no valid slug: write it in lower case with hyphens/],
    [{ gone: { ...outOfStock, status: 200 } }, /^The problem "gone" has no status from 400 to 599$/],
    [{ gone: { ...outOfStock, detail: '' } }, /has no title or no detail/],
    [{ 'out-of-stock': { ...outOfStock, status: 410 } }, /is already declared with another status or text/],
  ];
  for (const [problems, message] of refused)
    await t.rejects(buildApp(parseConfig(await environment(t)), { problems }), { message }, String(message));
  t.throws(() => problem(200), /from 400 to 599, not 200/);
  const unknown: string = 'sold-uot';
  const make: (slug: never) => Problem = problem;
  t.throws(() => Reflect.apply(make, undefined, [unknown]), /There is no problem "sold-uot": declare it/);
});

t.test('A refused boot of an embedding app has no stack', async (t) => {
  const script = join(import.meta.dirname, 'undeclared-route.ts');
  const child = spawn(process.execPath, [script, JSON.stringify(await environment(t))]);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  t.equal(code, 1);
  t.match(
    stderr,
    'DeclarationError: Some routes are not guarded correctly. GET /forgotten declares no access',
  );
  t.equal(stderr.split('/forgotten').length, 2, 'the route is named once');
  t.notMatch(stderr, /^\s+at /m);
});
