/**
 * Tests the format of the log: readable text in a terminal, JSON lines everywhere else.
 *
 * @runs once, on SQLite: it tests standard output.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import { describeLine } from '#latchkey/http/terminal-log.ts';
import { bin, childEnvironment, temporaryFolder, type Variables } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PUBLIC_URL, type Teardown } from '../helper.ts';
import { testSigningKey } from '../tokens.ts';
import { until } from '../until.ts';

const ID = '01234567-89ab-7def-8123-456789abcdef';

/**
 * Returns the output of the service in a terminal, from its start to the signal after some answered requests.
 * `script` makes the terminal.
 */
async function printed(t: Teardown, variables: Variables): Promise<string> {
  const { url: DATABASE_URL } = await createMigratedDatabase(t);
  const own = { DATABASE_URL, DATA_DIR: await temporaryFolder(t), PUBLIC_URL, PORT: '0', ...variables };
  const command = `exec '${process.execPath}' '${bin}' serve`;
  const args =
    process.platform === 'darwin' ? ['-q', '/dev/null', 'sh', '-c', command] : ['-qec', command, '/dev/null'];
  const env = { ...childEnvironment(own), TERM: 'xterm' };
  const child = spawn('script', args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const urlOf = () => /Latchkey listens on (http:\/\/[\w.:]+)/.exec(text)?.[1];
  await until(() => urlOf() !== undefined);
  await fetch(`${urlOf()}/%zz-in-the-path`);
  await fetch(`${urlOf()}/users/${ID}?token=in-the-query`);
  await fetch(`${urlOf()}/users/in-the-parameter`);
  await fetch(`${urlOf()}/docs/static/in-the-wildcard`);
  await fetch(`${urlOf()}/in-the-path/${ID}`);
  await until(() => (text.match(/request completed| ms [\da-f]{24}/g) ?? []).length > 3);
  // Ctrl-C, as a terminal sends it.
  child.stdin.write('\u0003');
  await until(() => child.exitCode !== null);
  return text;
}

t.test('The log in a terminal is readable text', async (t) => {
  const text = await printed(t, {});
  t.match(text, /\[\d\d:\d\d:\d\d\.\d{3}\] .*INFO/, 'a line for people');
  t.match(text, `/users/${ID}`);
  t.notMatch(text, /\{"level":/);
  const plain = stripVTControlCharacters(text);
  const line = new RegExp(`INFO: GET /users/${ID} 401 \\d+\\.\\d ms [\\da-f]{24}\\s*$`, 'm');
  t.match(plain, line, 'a request is one line');
  t.notMatch(plain, /remoteAddress|statusCode|request completed/);
  t.match(text, '/users/:id', 'a parameter that is no id is left out');
  t.match(text, '(no route)', 'so is a path that no route has');
  t.notMatch(text, /in-the-|%zz/);
  t.match(text, 'The process was told to stop');
});

t.test('The log in production is JSON lines, also in a terminal', async (t) => {
  const production = {
    NODE_ENV: 'production',
    SECRET: randomBytes(32).toString('base64'),
    JWT_PRIVATE_KEY: testSigningKey.pem,
  };
  const text = await printed(t, production);
  t.match(text, new RegExp(`{"level":30,.*"url":"/users/${ID}"`));
  t.notMatch(text, /INFO/);
});

t.test(
  'A line in a terminal has the message, the request and its id, and no control characters',
  async (t) => {
    const req = { method: 'GET', url: '/me' };
    const answered = { req, res: { statusCode: 500 }, responseTime: 1.26, reqId: 'r-1' };
    t.equal(describeLine({ msg: 'request completed', ...answered }), 'GET /me 500 1.3 ms r-1');
    t.equal(describeLine({ msg: 'request errored', ...answered }), 'request errored GET /me 500 1.3 ms r-1');
    t.equal(describeLine({ msg: 'incoming request', req, reqId: 'r-1' }), 'incoming request GET /me r-1');
    t.equal(describeLine({ msg: 'A mail\u001b[2J was\nsent' }), 'A mail [2J was sent');
  },
);
