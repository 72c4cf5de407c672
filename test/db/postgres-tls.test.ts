/**
 * Tests docs/operations/postgres-tls.md with a Postgres whose certificate is signed by a private CA.
 *
 * @runs once, on Postgres: SQLite has no connections.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import t from 'tap';
import { connectionOptions, parsePostgresUrl } from '#latchkey/db/postgres/adapter.ts';
import { connectForMove } from '#latchkey/db/sqlite-to-postgres/connection.ts';
import { latchkey, temporaryFolder } from '../child.ts';
import { startPostgres } from '../postgres-server.ts';
import { noteSecret } from '../secret-log.ts';
import { until } from '../until.ts';

const page = readFileSync('docs/operations/postgres-tls.md', 'utf8');
const folder = await temporaryFolder(t);
const file = (name: string) => join(folder, name);
const openssl = (...options: string[]) => execFileSync('openssl', options, { cwd: folder, stdio: 'pipe' });

/** Makes a CA, and a certificate for `localhost` that it signed. */
function makeCertificates(): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=CA');
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost');
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.crt', ...signed);
}

makeCertificates();
const postgres = await startPostgres();
t.teardown(() => postgres.stop());
noteSecret(new URL(postgres.url).password);
const plain = new pg.Client(postgres.url);
await plain.connect();
t.teardown(() => plain.end());
/** The URL under the name that the certificate has. */
const named = postgres.url.replace('127.0.0.1', 'localhost');

/** Connects. @returns whether the connection is encrypted, or the message of the error */
async function connect(url: string, parameters: string): Promise<string> {
  let client: pg.Client | undefined;
  try {
    client = new pg.Client(connectionOptions(parsePostgresUrl(`${url}?${parameters}`)));
    client.on('error', () => {});
    await client.connect();
    const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return rows[0].ssl ? 'encrypted' : 'plain';
  } catch (error) {
    return String(error);
  } finally {
    await client?.end().catch(() => {});
  }
}

/** The rows of a table of the page, by the head of their first column. */
function rowsOf(head: string): string[][] {
  const lines = page.slice(page.indexOf(`\n| ${head} |`) + 1).split('\n');
  const rows = lines.slice(
    2,
    lines.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const modes = rowsOf('parameters').map(([first = '', ...cells]) => ({
  parameters: first === 'none' ? '' : first,
  cells,
}));
const outcome = (seen: string) => (/^(plain|encrypted)$/.test(seen) ? seen : 'refused');
const root = `sslrootcert=${file('ca.crt')}`;

t.test('A server without TLS is refused where an sslmode asks for TLS, with what to do', async (t) => {
  t.equal(modes.length, 11);
  for (const { parameters, cells } of modes)
    t.equal(outcome(await connect(named, parameters)), cells[3], parameters);
  const DATABASE_URL = `${named}?sslmode=verify-full`;
  const { code, stderr } = await latchkey(['migrate'], { variables: { DATABASE_URL } });
  t.equal(code, 1);
  t.match(
    stderr,
    /The server does not support SSL connections; turn ssl on in Postgres, or take sslmode out of DATABASE_URL/,
  );
});

t.test('Each sslmode does to a private CA and to another name what the page says', async (t) => {
  const { rows } = await plain.query('SHOW data_directory');
  const data: string = rows[0].data_directory;
  const { uid, gid } = statSync(data);
  for (const name of ['server.crt', 'server.key']) {
    writeFileSync(join(data, name), readFileSync(file(name)), { mode: 0o600 });
    chownSync(join(data, name), uid, gid);
  }
  await plain.query('ALTER SYSTEM SET ssl = on');
  await plain.query('SELECT pg_reload_conf()');
  await until(async () => (await plain.query('SHOW ssl')).rows[0].ssl === 'on');
  for (const { parameters, cells } of modes) {
    const seen = [
      await connect(named, parameters),
      await connect(named, `${parameters}&${root}`),
      await connect(postgres.url, `${parameters}&${root}`),
    ].map(outcome);
    t.strictSame(seen, cells.slice(0, 3), parameters);
  }
});

t.test(
  'A private CA stops the commands with a message that names the variables, and they end the trouble',
  async (t) => {
    const DATABASE_URL = `${named}?sslmode=require`;
    const variables = { DATABASE_URL, DATA_DIR: folder };
    const expected =
      /unable to verify the first certificate.*; the CA of its certificate is not known here: add sslmode=verify-full&sslrootcert=\/path\/to\/ca.crt to DATABASE_URL, or name the file in NODE_EXTRA_CA_CERTS \(docs\/operations\/postgres-tls.md\)/;
    for (const command of [['migrate'], ['serve'], ['user', 'list']]) {
      const { code, stderr } = await latchkey(command, { variables, isRefused: true });
      t.equal(code, 1, command.join(' '));
      t.match(stderr, expected, command.join(' '));
    }
    t.match((await latchkey(['doctor'], { variables })).stdout, expected);
    const [by, way] = rowsOf('way').map(([cell = '']) =>
      cell.replace('/etc/latchkey/ca.crt', file('ca.crt')),
    );
    t.match(way, /^NODE_EXTRA_CA_CERTS=/);
    const [NODE_EXTRA_CA_CERTS = ''] = way!.replace('NODE_EXTRA_CA_CERTS=', '').split(' ');
    const extra = await latchkey(['migrate'], { variables: { ...variables, NODE_EXTRA_CA_CERTS } });
    t.equal(extra.code, 0, extra.stderr);
    const inUrl = `${named}?sslmode=verify-full&${by!.split(' ')[0]}`;
    const rooted = await latchkey(['migrate'], { variables: { ...variables, DATABASE_URL: inUrl } });
    t.equal(rooted.code, 0, rooted.stderr);
    t.notMatch(rooted.stderr, /warning/i, 'verify-full has no warning of the driver');
  },
);

t.test('The message about the target of a move names its variable', async (t) => {
  await t.rejects(connectForMove(`${named}?sslmode=verify-full`), {
    message: /sslrootcert=\/path\/to\/ca.crt to TARGET_DATABASE_URL/,
  });
});

t.test('An address that the certificate does not have is refused with what to do', async (t) => {
  const DATABASE_URL = `${postgres.url}?sslmode=verify-full&${root}`;
  const { code, stderr } = await latchkey(['migrate'], { variables: { DATABASE_URL } });
  t.equal(code, 1);
  t.match(
    stderr,
    /Hostname\/IP does not match certificate's altnames.*; DATABASE_URL must have a host name that is in/,
  );
});

t.test('A file of the URL that cannot be read is named with its parameter', async (t) => {
  const variables = {
    DATABASE_URL: `${named}?sslmode=verify-full&sslrootcert=/nowhere/ca.crt`,
    DATA_DIR: folder,
  };
  const expected =
    /sslrootcert of the database's URL names \/nowhere\/ca.crt, which cannot be read \(ENOENT\)/;
  const migrated = await latchkey(['migrate'], { variables });
  t.equal(migrated.code, 1);
  t.match(migrated.stderr, expected);
  t.match((await latchkey(['doctor'], { variables })).stdout, expected);
  const verifyCa = await connect(named, 'uselibpqcompat=true&sslmode=verify-ca');
  t.match(verifyCa, /DataError: sslmode=verify-ca in the database's URL needs sslrootcert/);
});
