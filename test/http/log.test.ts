/**
 * Tests the format of the log: readable text in a terminal, JSON lines everywhere else.
 *
 * @runs once, on SQLite: it tests standard output.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import t from 'tap';
import { bin, childEnvironment, temporaryFolder, type Variables } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PUBLIC_URL, type Teardown } from '../helper.ts';
import { testSigningKey } from '../tokens.ts';
import { until } from '../until.ts';

/**
 * Returns the output of the service in a terminal, from its start to the signal after one answered request.
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
  const urlOf = () => /Latchkey listens on (http:\/\/[\d.:]+)/.exec(text)?.[1];
  await until(() => urlOf() !== undefined);
  await fetch(`${urlOf()}/nowhere?token=in-the-query`);
  await until(() => text.includes('/nowhere'));
  // Ctrl-C, as a terminal sends it.
  child.stdin.write('\u0003');
  await until(() => child.exitCode !== null);
  return text;
}

t.test('The log in a terminal is readable text', async (t) => {
  const text = await printed(t, {});
  t.match(text, /\[\d\d:\d\d:\d\d\.\d{3}\] .*INFO/, 'a line for people');
  t.match(text, '/nowhere');
  t.notMatch(text, /\{"level":/);
  t.notMatch(text, 'in-the-query');
  t.match(text, 'The process was told to stop');
});

t.test('The log in production is JSON lines, also in a terminal', async (t) => {
  const production = {
    NODE_ENV: 'production',
    SECRET: randomBytes(32).toString('base64'),
    JWT_PRIVATE_KEY: testSigningKey.pem,
  };
  const text = await printed(t, production);
  t.match(text, /\{"level":30,.*"url":"\/nowhere"/);
  t.notMatch(text, /INFO/);
});
