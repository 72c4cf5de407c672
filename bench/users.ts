/**
 * `npm run bench:users`: measures a page of users with 1,000,000 users, compared with 1,000, on SQLite and on
 * Postgres. The two alternate, so that other work on the machine affects both. Takes some minutes and 3 GB of
 * the temporary folder; `-- --users=100000` takes fewer.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import type { AccountsContext } from '#latchkey/accounts/context.ts';
import { encodeCursor } from '#latchkey/accounts/users/cursor.ts';
import { listUsers, type UserListing } from '#latchkey/accounts/users/list.ts';
import type { User } from '#latchkey/accounts/users/schemas.ts';
import { emailKey, nameKey } from '#latchkey/accounts/users/sort-keys.ts';
import { buildApp } from '#latchkey/app.ts';
import { parseConfig } from '#latchkey/config/index.ts';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { serviceOf } from '#latchkey/service/service-of.ts';
import { startPostgres } from '../test/postgres-server.ts';
import { seedUsers } from './seed-users.ts';

/** Measurements of each page, after some to warm up. */
const ROUNDS = 301;
const WARM_UP_ROUNDS = 15;
const LIMIT = 20;
const FEW = 1_000;

const { values: options } = parseArgs({ options: { users: { type: 'string', default: '1000000' } } });
const many = Number(options.users);

type Kind = Omit<UserListing, 'limit' | 'cursor'>;

const kinds: readonly Kind[] = [
  ...(['createdAt', '-createdAt', 'name', '-name', 'email', '-email'] as const).map((sort) => ({ sort })),
  { q: 'ada' },
  { q: 'ada', sort: '-name' },
  { q: 'ada lovelace 1' },
  { q: '1', sort: 'email' },
  { access: 1 },
  { access: 2 },
  { access: 1, sort: 'name' },
  { access: 0, sort: '-email' },
  { disabled: true },
  { disabled: false, sort: 'name' },
  { access: 0, disabled: false, sort: 'email' },
  { q: 'ada', access: 0 },
  { q: 'ada', disabled: false },
  { q: 'zzz', access: 1, disabled: false },
];

/** Page at the same relative position in a short list and in a long one. */
interface Comparison {
  readonly name: string;
  readonly few: UserListing;
  readonly many: UserListing;
}

type Contexts = Readonly<Record<'few' | 'many', AccountsContext>>;

async function comparisonsOf(contexts: Contexts, kind: Kind): Promise<Comparison[]> {
  const name = Object.entries(kind).map((entry) => entry.join('='));
  const listing = { limit: LIMIT, ...kind };
  const first = { name: `${name.join('&')}, first`, few: listing, many: listing };
  const [few, many] = [await cursorsOf(contexts.few, kind), await cursorsOf(contexts.many, kind)];
  const later = (['middle', 'last'] as const).flatMap((place) =>
    few && many
      ? [
          {
            name: `${name.join('&')}, ${place}`,
            few: { ...listing, cursor: few[place] },
            many: { ...listing, cursor: many[place] },
          },
        ]
      : [],
  );
  return [first, ...later];
}

const opposite = {
  createdAt: '-createdAt',
  '-createdAt': 'createdAt',
  name: '-name',
  '-name': 'name',
  email: '-email',
  '-email': 'email',
} as const;

/**
 * Cursors of a page near the middle of a list and of its last page; undefined when the list is too short.
 * They are found from the ends of the list: to count to the middle of a million would be a benchmark of its
 * own.
 */
async function cursorsOf(context: AccountsContext, kind: Kind) {
  const sort = kind.sort ?? (kind.q === undefined ? 'createdAt' : 'name');
  const keyOf = ({ id, name, email }: User) =>
    sort.endsWith('name') ? nameKey(name, id) : sort.endsWith('email') ? emailKey(email ?? '') : id;
  const [beginning] = (await listUsers(context, { ...kind, limit: 1 })).users;
  const end = (await listUsers(context, { ...kind, sort: opposite[sort], limit: 3 * LIMIT })).users;
  const [last, beforeLastPage] = [end[0], end[LIMIT]];
  if (!(beginning && last && beforeLastPage) || end.length < 3 * LIMIT) return undefined;
  const half = halfWay(keyOf(beginning), keyOf(last));
  const middle = sort.endsWith('createdAt') ? toUuid(half) : half;
  return { middle: encodeCursor(sort, middle), last: encodeCursor(sort, keyOf(beforeLastPage)) };
}

/** Returns hexadecimal digits between two keys, as many as a UUID has. */
function halfWay(...keys: readonly [string, string]): string {
  const [a, b] = keys.map((key) => BigInt(`0x${key.replaceAll('-', '').padEnd(32, '0').slice(0, 32)}`));
  return (((a ?? 0n) + (b ?? 0n)) / 2n).toString(16).padStart(32, '0');
}

function toUuid(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

interface Measured {
  /** Medians in milliseconds. */
  readonly few: number;
  readonly many: number;
  /** True when both pages have the same number of users. */
  readonly isFair: boolean;
}

async function measure(contexts: Contexts, { few, many }: Comparison): Promise<Measured> {
  const times: Record<'few' | 'many', number[]> = { few: [], many: [] };
  const found = { few: 0, many: 0 };
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    // Each one goes first in half of the rounds.
    const turn = [
      ['few', few],
      ['many', many],
    ] as const;
    for (const [size, listing] of round % 2 === 0 ? turn : turn.toReversed()) {
      const started = performance.now();
      const { users } = await listUsers(contexts[size], listing);
      if (round >= 0) times[size].push(performance.now() - started);
      found[size] = users.length;
    }
  }
  return { few: median(times.few), many: median(times.many), isFair: found.few === found.many };
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

/** Opens a database with this number of users, as the service does. */
async function open(url: string, users: number, folder: string) {
  const config = parseConfig({ DATABASE_URL: url, DATA_DIR: folder, LOG_LEVEL: 'silent' });
  const app = serviceOf(await buildApp(config));
  await migrate(url);
  const started = performance.now();
  await seedUsers(url, users, (done) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} users`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r');
  console.log(`${users} users seeded in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return app;
}

async function compare(database: string, urls: Readonly<Record<'few' | 'many', string>>, folder: string) {
  console.log(`\n${database}`);
  const few = await open(urls.few, FEW, folder);
  const large = await open(urls.many, many, folder);
  const contexts = { few: few.accounts, many: large.accounts };
  const head = [
    'page'.padEnd(44),
    `ms at ${FEW}`.padStart(12),
    `at ${many}`.padStart(12),
    'ratio'.padStart(7),
  ];
  console.log(head.join(' '));
  let worst = { name: '', ratio: 0 };
  for (const kind of kinds) {
    for (const comparison of await comparisonsOf(contexts, kind)) {
      const { name } = comparison;
      const medians = await measure(contexts, comparison);
      const ratio = medians.many / medians.few;
      if (medians.isFair && ratio > worst.ratio) worst = { name, ratio };
      console.log(
        `${name.padEnd(44)} ${medians.few.toFixed(2).padStart(12)} ${medians.many.toFixed(2).padStart(12)} ` +
          `${ratio.toFixed(2).padStart(7)}${medians.isFair ? '' : ' (fewer users are on the first of the two)'}`,
      );
    }
  }
  console.log(`${database}: the worst ratio is ${worst.ratio.toFixed(2)} (${worst.name})`);
  await Promise.all([few.close(), large.close()]);
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
try {
  console.log(
    `${availableParallelism()} cores, Node ${process.version}, pages of ${LIMIT}, medians of ${ROUNDS}`,
  );
  await compare('SQLite', { few: `file:${folder}/few.db`, many: `file:${folder}/many.db` }, folder);
  const server = await startPostgres();
  try {
    const client = new pg.Client(server.url);
    await client.connect();
    for (const name of ['few', 'many']) await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    const urlOf = (name: string) => Object.assign(new URL(server.url), { pathname: name }).href;
    await compare('Postgres', { few: urlOf('few'), many: urlOf('many') }, folder);
  } finally {
    await server.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
