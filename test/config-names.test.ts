/**
 * Tests names of variables that are misspelt, and lines of `.env` that are no assignments.
 *
 * @runs once, on SQLite: it uses no database.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import t from 'tap';
import { readDotenv } from '#latchkey/config/dotenv.ts';
import { checkNames } from '#latchkey/config/names.ts';
import { latchkey, temporaryFolder } from './child.ts';

const folder = await temporaryFolder(t);
const file = join(folder, '.env');

async function read(text: string): Promise<NodeJS.Dict<string>> {
  await writeFile(file, text);
  return readDotenv(file);
}

t.test('A .env file is read as Node.js reads it', async (t) => {
  const texts = [
    '',
    '\n\n# a comment\n',
    'PORT=3112',
    'PORT = 3112\r\nHOST=0.0.0.0\r\n',
    '  export LOG_LEVEL=debug # for now\n',
    'JWT_PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\nabc=\n-----END PRIVATE KEY-----"\nPORT=1',
    "SECRET='a # b'\nSMTP_URL=`smtp://a`\n",
    'SECRET=\nMAIL_FROM=Ada <ada@example.com>\n',
    'SECRET_FILE=/run/secrets/secret',
    await readFile('.env.example', 'utf8'),
  ];
  for (const text of texts)
    t.strictSame({ ...(await read(text)) }, { ...parseEnv(text) }, JSON.stringify(text));
  t.strictSame({ ...readDotenv(join(folder, 'none')) }, {}, 'no file');
});

t.test(
  'A name in .env that Latchkey does not read stops the start, with the one that is meant',
  async (t) => {
    for (const [text, message] of [
      [
        'CORS_ORIGNS=https://a.example',
        'CORS_ORIGNS is no variable of Latchkey (did you mean CORS_ORIGINS?) in .env',
      ],
      ['CORS_ORIGN=*', 'CORS_ORIGN is no variable of Latchkey (did you mean CORS_ORIGINS?) in .env'],
      ['REGISTRATON=invite', 'REGISTRATON is no variable of Latchkey (did you mean REGISTRATION?) in .env'],
      ['port=3112', 'port is no variable of Latchkey in .env'],
      ['POSTGRES_PASSWORD=x', 'POSTGRES_PASSWORD is no variable of Latchkey in .env'],
      ['OTEL_TRACES_SAMPLER=x', 'OTEL_TRACES_SAMPLER is no variable of Latchkey in .env'],
    ] as const)
      await t.rejects(read(text), { name: 'ConfigError', message }, text);
  },
);

t.test('A line of .env that is no assignment stops the start, with its number', async (t) => {
  for (const [text, line] of [
    ['PORT: 3112', 1],
    ['HOST=0.0.0.0\n\nPORT 3112\n', 3],
    ['SECRET="a\nb"\nset PORT=1', 3],
    ['=3112', 1],
    ['{"PORT":3112}', 1],
  ] as const)
    await t.rejects(
      read(text),
      { name: 'ConfigError', message: new RegExp(`^line ${line} of \\.env`) },
      text,
    );
});

t.test('A variable of the environment with one wrong letter stops the start', async (t) => {
  for (const name of ['REGISTRATON', 'CORS_ORIGIN', 'DATABASE_URI', 'TRUST_PROXIY', 'SECRET_FILES'])
    t.throws(() => checkNames({ [name]: 'x' }), { name: 'ConfigError', message: /did you mean/ }, name);
  for (const name of [
    'PATH',
    'HOSTS',
    'PORTS',
    'SECRETS',
    'NODE_OPTIONS',
    'DATABASE_URLS_OF_OTHERS',
    'OTEL_BSP_MAX',
  ])
    t.doesNotThrow(() => checkNames({ [name]: 'x' }), name);
  t.doesNotThrow(() => checkNames({ SMTP_URI: 'x', SMTP_URL: 'smtp://a' }), 'the right one is set too');
  const { code, stderr } = await latchkey(['user', 'list'], { variables: { REGISTRATON: 'invite' } });
  t.equal(code, 1);
  t.equal(
    stderr,
    'latchkey: REGISTRATON is no variable of Latchkey (did you mean REGISTRATION?) in the environment\n',
  );
});
