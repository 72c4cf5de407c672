/**
 * Tests that a temporary lack of file descriptors has no lasting effect: a module that could not be loaded is
 * loaded at the next attempt.
 *
 * @runs once, on SQLite: it tests the process.
 */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { loadOnce } from '#latchkey/lib/load-once.ts';
import { environment } from './helper.ts';
import { startMailServer } from './mail-server.ts';

/** Lets a script take all remaining file descriptors while a function runs. */
const withoutFiles = `
  import { closeSync, openSync } from 'node:fs';
  async function withoutFiles(work) {
    const taken = [];
    const takeAll = () => {
      const before = taken.length;
      try {
        for (;;) taken.push(openSync('/dev/null'));
      } catch {}
      return taken.length > before;
    };
    // Files of modules that were just loaded are closed on other threads, and free again later.
    while (takeAll()) await new Promise((resolve) => setTimeout(resolve, 50));
    try {
      return await work();
    } catch (error) {
      return 'failed: ' + error.message;
    } finally {
      for (const file of taken) closeSync(file);
    }
  }
`;

/** Runs a script whose argument and output are JSON. It may open 200 files. */
async function run(script: string, argument: unknown): Promise<unknown> {
  const shell = 'ulimit -n 200; exec "$0" "$@"';
  const node = [
    process.execPath,
    '--input-type=module',
    '--eval',
    withoutFiles + script,
    JSON.stringify(argument),
  ];
  const child = spawn('sh', ['-c', shell, ...node], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = (await text(child.stdout)).trim().split('\n');
  return JSON.parse(lines.at(-1) ?? '');
}

t.test('A module whose load failed is loaded by the next request', async (t) => {
  const mails = await startMailServer(t);
  const script = `
    import { findWeakness } from '#latchkey/accounts/passwords/strength.ts';
    import { withSchemaEngine } from '#latchkey/db/migrations/schema-engine.ts';
    import { openTransport } from '#latchkey/mail/transport.ts';

    const owner = { name: 'Ada', email: 'ada@example.com' };
    const check = () => findWeakness('correct horse battery staple', owner).then(() => 'checked');
    const mail = { id: 'a', recipient: owner.email, createdAt: new Date(), subject: 'a', text: 'a', html: 'a' };
    const config = { smtpUrl: JSON.parse(process.argv[1]), mailFrom: 'a@example.com', dataDir: '/nowhere' };
    const transport = openTransport(config);
    const send = () => transport.send(mail);
    const unused = openTransport(config);
    // The first query after the engine has been loaded.
    const factory = { get provider() { throw new Error('loaded'); } };
    const load = () => withSchemaEngine(factory, () => {}).catch(({ message }) => message);

    const during = await withoutFiles(async () => [
      await check().catch(() => 'failed'),
      await send().catch(() => 'failed'),
      await unused.send(mail).catch(() => 'failed'),
      (await load()) === 'loaded' ? 'loaded' : 'failed',
    ]);
    const after = [await check(), await send(), await load()];
    transport.close();
    unused.close();
    await new Promise(setImmediate);
    console.log(JSON.stringify({ during, after }));
  `;
  t.strictSame(await run(script, mails.url), {
    during: ['failed', 'failed', 'failed', 'failed'],
    after: ['checked', 'the mail server', 'loaded'],
  });
});

t.test('A service that listens opens no file for the first password', async (t) => {
  const script = `
    import { parseConfig } from '#latchkey/config/index.ts';
    import { serve } from '#latchkey/server.ts';
    const config = parseConfig(JSON.parse(process.argv[1]));
    const app = await serve(config, { maxEventLoopDelay: Number.POSITIVE_INFINITY });
    const payload = { name: 'Ada', email: 'ada@example.com', password: 'correct horse battery staple' };
    // A first request of another kind, so that no part of the framework runs for the first time later.
    await app.inject({ method: 'POST', url: '/login', payload: { email: payload.email, password: 'wrong' } });
    const { statusCode } = await withoutFiles(() => app.inject({ method: 'POST', url: '/register', payload }));
    console.log('\\n' + JSON.stringify(statusCode));
    process.exit(0);
  `;
  const variables = await environment(t, { LOG_LEVEL: 'silent', PORT: '0' });
  t.equal(await run(script, variables), 201);
});

t.test('A module is loaded once for all callers, and again only after a failure', async (t) => {
  const loads: { resolve: (text: string) => void; reject: (error: Error) => void }[] = [];
  const get = loadOnce(() => new Promise<string>((resolve, reject) => void loads.push({ resolve, reject })));
  const [one, two] = [get(), get()];
  loads[0]?.reject(new Error('not now'));
  await t.rejects(one, { message: 'not now' });
  await t.rejects(two, { message: 'not now' });
  const [three, four] = [get(), get()];
  loads[1]?.resolve('loaded');
  t.strictSame(await Promise.all([three, four, get()]), ['loaded', 'loaded', 'loaded']);
  t.equal(loads.length, 2);
});
