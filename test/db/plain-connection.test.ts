/**
 * A connection to Postgres that leaves the machine without encryption is a warning, unless the URL asks for
 * it.
 *
 * @runs once, on Postgres: SQLite has no connections.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { encryptionOf } from '#latchkey/db/postgres/encryption.ts';
import { latchkey, serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';

const REMOTE = 'db.example.com';
const page = readFileSync('docs/operations/postgres-tls.md', 'utf8');

/** Lets a process find the Postgres of this machine under the name of another one. */
const resolveRemote = `import dns from 'node:dns';
  const { lookup } = dns;
  dns.lookup = (name, ...rest) => lookup(name === '${REMOTE}' ? '127.0.0.1' : name, ...rest);`;
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(resolveRemote)}`;

t.test('The driver says whether a connection is encrypted and whether it leaves the machine', async (t) => {
  const cases: [url: string, state: string | undefined][] = [
    [`${REMOTE}/latchkey`, 'plain'],
    [`${REMOTE}/latchkey?sslmode=disable`, 'chosen-plain'],
    [`${REMOTE}/latchkey?sslmode=disable&pgbouncer=true`, 'chosen-plain'],
    [`${REMOTE}/latchkey?sslmode=verify-full`, 'encrypted'],
    [`${REMOTE}/latchkey?sslmode=no-verify`, 'encrypted'],
    ['10.0.0.5:6432/latchkey?pgbouncer=true', 'plain'],
    ['[2001:db8::5]/latchkey', 'plain'],
    ['postgres/latchkey', 'plain'],
    ['localhost.example.com/latchkey', 'plain'],
    ['localhost/latchkey', 'local'],
    ['127.0.0.1:5433/latchkey', 'local'],
    ['127.8.8.8/latchkey', 'local'],
    ['[::1]/latchkey', 'local'],
    ['/latchkey', 'local'],
    ['/latchkey?host=/var/run/postgresql', 'local'],
    ['%2Fvar%2Frun%2Fpostgresql/latchkey', 'local'],
  ];
  for (const [rest, state] of cases)
    for (const scheme of ['postgresql', 'postgres'])
      t.equal(encryptionOf(`${scheme}://${rest}`)?.state, state, rest);
  t.equal(encryptionOf('file:/data/latchkey.db'), undefined);
});

t.test('The start and the doctor warn once of a plain connection to another machine', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const remote = url.replace('127.0.0.1', REMOTE);
  t.not(remote, url);
  const variables = { DATA_DIR: await temporaryFolder(t), LOG_LEVEL: 'warn', NODE_OPTIONS };
  const text = `The connection to the database on ${REMOTE} is not encrypted: add sslmode=verify-full to DATABASE_URL, or sslmode=disable if this network is trusted (docs/operations/postgres-tls.md)`;
  t.match(page, text.split(':')[0]?.replace(REMOTE, '...'), 'the page has the message');
  const cases = [
    { DATABASE_URL: remote, warnings: 1, status: 'warning', found: /is not encrypted$/ },
    { DATABASE_URL: `${remote}?sslmode=disable`, warnings: 0, status: 'ok', found: /sslmode=disable says$/ },
    { DATABASE_URL: url, warnings: 0, status: 'ok', found: /does not leave this machine$/ },
  ];
  for (const { DATABASE_URL, warnings, status, found } of cases) {
    const service = await serve(t, { ...variables, DATABASE_URL });
    await service.stop();
    const lines = service.stdout().split('\n');
    t.equal(lines.filter((line) => line.includes('is not encrypted')).length, warnings);
    t.equal(lines.filter((line) => line.includes(text) && line.includes('"level":40')).length, warnings);
    const { code, stdout } = await latchkey(['doctor', '--json'], {
      variables: { ...variables, DATABASE_URL },
    });
    t.equal(code, 0);
    const { findings }: { findings: { check: string }[] } = JSON.parse(stdout);
    t.match(
      findings.filter(({ check }) => check === 'encryption'),
      [{ status, found }],
    );
  }
});
