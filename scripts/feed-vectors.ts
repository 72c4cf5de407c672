/**
 * Writes the test vectors of docs/reference/feed.md: answers of the feed and tokens, and what a guard says of
 * them at which moment. The keys are made anew and thrown away: run it only when the protocol changes.
 */
import { writeFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose';

const issuer = 'https://id.example.com';
/** 2026-01-01T00:00:00Z, in milliseconds. */
const began = 1_767_225_600_000;
const seconds = began / 1_000;
const user = '0197f8d2-7f5a-7c63-9d1e-2b1f6a4c8e01';
const session = '0197f8d2-8a10-7b52-8c3d-5e6f7a8b9c02';

const [first, second] = [await generateKeyPair('ES256'), await generateKeyPair('EdDSA')];
const keys = [
  { ...(await exportJWK(first.publicKey)), kid: 'first', alg: 'ES256', use: 'sig' },
  { ...(await exportJWK(second.publicKey)), kid: 'second', alg: 'EdDSA', use: 'sig' },
];

interface Options {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Partial<JWTHeaderParameters> & { readonly [name: string]: unknown };
  readonly key?: (typeof first)['privateKey'];
}

function token({ claims = {}, header = {}, key = first.privateKey }: Options = {}): Promise<string> {
  const all = {
    ...{ iss: issuer, aud: issuer, sub: user, sid: session, client_id: 'latchkey', access: 1, acr: '1' },
    ...{ amr: ['pwd'], gen: 3, auth_time: seconds - 60, iat: seconds - 60, exp: seconds + 840, jti: 'one' },
    ...claims,
  };
  return new SignJWT(all)
    .setProtectedHeader({ alg: 'ES256', kid: 'first', typ: 'at+jwt', ...header })
    .sign(key);
}

const answer = (members: object = {}) => ({
  entries: [],
  cursor: 'abcdefghijklmnop.abcdefghijkl.0.1767225600000',
  resync: false,
  complete: true,
  asOf: 0,
  time: began,
  kids: ['first', 'second'],
  levels: [
    { name: 'guest', number: 0 },
    { name: 'user', number: 1 },
    { name: 'admin', number: 2 },
  ],
  secondFactor: null,
  ...members,
});

/** An answer whose request is sent, and that arrives, at these milliseconds by both clocks. */
const get = (members: object = {}, sent = 0, received = sent) => ({
  sent,
  received,
  answer: answer(members),
});
const until = seconds + 3_660;
const good = await token();
const ask = (expected: string, at = 0, more: object = {}) => ({
  at,
  token: good,
  minimum: 'user',
  expected,
  ...more,
});
const [ok, unauthorized, closed] = ['200', '401 invalid-token', '503 not-ready'];

const cases = [
  { name: 'closed before the first answer', steps: [ask(closed)] },
  { name: 'a good token', steps: [get(), ask(ok), ask('403 access-denied', 0, { minimum: 'admin' })] },
  { name: 'trust ends 2 s after the request was sent', steps: [get(), ask(ok, 1_999), ask(closed, 2_000)] },
  {
    name: 'an answer that was delayed is as old as it is',
    steps: [get({}, 0, 1_900), ask(ok, 1_950), ask(closed, 2_001)],
  },
  { name: 'asOf is added', steps: [get({ asOf: 900 }, 0, 1_000), ask(ok, 2_899), ask(closed, 2_900)] },
  { name: 'asOf may be negative', steps: [get({ asOf: -1_500 }), ask(ok, 499), ask(closed, 500)] },
  { name: 'an answer that arrives too late opens nothing', steps: [get({}, 0, 2_500), ask(closed, 2_500)] },
  {
    name: 'an older answer shortens no trust',
    steps: [get({ asOf: 900 }, 0, 900), get({ asOf: -500 }, 1_000), ask(ok, 2_800)],
  },
  {
    name: 'a suspended machine: only the wall clock went on',
    steps: [get(), ask(closed, 100, { wall: began + 60_000 })],
  },
  {
    name: 'a wall clock that was set back: only the monotonic one went on',
    steps: [get(), ask(closed, 2_500, { wall: began + 100 })],
  },
  { name: 'clocks that differ by more than a minute', steps: [get({ time: began + 61_000 }), ask(closed)] },
  { name: 'clocks that differ by less', steps: [get({ time: began - 59_000 }), ask(ok)] },
  { name: 'a page of more', steps: [get({ complete: false }), ask(closed), get({}, 10), ask(ok, 20)] },
  {
    name: 'resync closes until it is complete',
    steps: [get(), get({ resync: true, complete: false }, 10), ask(closed, 20), get({}, 30), ask(ok, 40)],
  },
  {
    name: 'resync ends the trust of before',
    steps: [
      get({ asOf: 900 }, 0, 900),
      get({ resync: true, asOf: -1_900 }, 1_000),
      ask(ok, 1_050),
      ask(closed, 1_500),
    ],
  },
  {
    name: 'a demotion',
    steps: [
      get(),
      get({ entries: [{ kind: 'user', id: user, generation: 4, until }] }, 10),
      ask(unauthorized, 20),
    ],
  },
  {
    name: 'an earlier generation that comes later gives nothing back',
    steps: [
      get({
        entries: [
          { kind: 'user', id: user, generation: 4, until },
          { kind: 'user', id: user, generation: 3, until },
        ],
      }),
      ask(unauthorized),
      ask(ok, 0, { token: await token({ claims: { gen: 4 } }) }),
    ],
  },
  {
    name: 'another user',
    steps: [get({ entries: [{ kind: 'user', id: session, generation: 9, until }] }), ask(ok)],
  },
  {
    name: 'a sign-out',
    steps: [get({ entries: [{ kind: 'session', id: session, until }] }), ask(unauthorized)],
  },
  {
    name: 'everybody',
    steps: [
      get({ entries: [{ kind: 'everybody', issuedUntil: seconds - 60, until }] }),
      ask(unauthorized),
      ask(ok, 0, { token: await token({ claims: { iat: seconds - 59 } }) }),
    ],
  },
  {
    name: 'an entry outlives resync',
    steps: [
      get({ entries: [{ kind: 'session', id: session, until }] }),
      get({ resync: true }, 10),
      ask(unauthorized, 20),
    ],
  },
  {
    name: 'an entry of another kind closes',
    steps: [get({ entries: [{ kind: 'galaxy', id: user, until }] }), ask(closed)],
  },
  {
    name: 'a key that is withdrawn',
    steps: [get(), ask(ok), get({ kids: ['second'] }, 10), ask(unauthorized, 20)],
  },
  { name: 'a key that nobody has', steps: [get({ kids: ['first', 'third'] }), ask(closed)] },
  {
    name: 'expired',
    steps: [
      get({ time: began + 839_000 }, 839_000),
      ask(ok, 839_999),
      get({ time: began + 840_000 }, 840_000),
      ask(unauthorized, 840_000),
    ],
  },
  {
    name: 'issued in the future',
    steps: [
      get(),
      ask(unauthorized, 0, { token: await token({ claims: { iat: seconds + 61, exp: seconds + 900 } }) }),
    ],
  },
  {
    name: 'of another issuer',
    steps: [get(), ask(unauthorized, 0, { token: await token({ claims: { iss: `${issuer}/` } }) })],
  },
  {
    name: 'for another audience',
    steps: [
      get(),
      ask(unauthorized, 0, { token: await token({ claims: { aud: 'https://other.example.com' } }) }),
    ],
  },
  {
    name: 'a token of another type',
    steps: [get(), ask(unauthorized, 0, { token: await token({ header: { typ: 'JWT' } }) })],
  },
  {
    name: 'a fourth member of the header',
    steps: [
      get(),
      ask(unauthorized, 0, { token: await token({ header: { jku: 'https://evil.example.com' } }) }),
    ],
  },
  {
    name: 'the signature of another key',
    steps: [get(), ask(unauthorized, 0, { token: await token({ header: { kid: 'second' } }) })],
  },
  { name: 'an altered token', steps: [get(), ask(unauthorized, 0, { token: `${good.slice(0, -4)}AAAA` })] },
  {
    name: 'the second key',
    steps: [
      get(),
      ask(ok, 0, { token: await token({ header: { alg: 'EdDSA', kid: 'second' }, key: second.privateKey }) }),
    ],
  },
  {
    name: 'a level that asks for a second factor',
    steps: [
      get({ secondFactor: { from: 2, below: 1 } }),
      ask('401 two-factors-required', 0, { token: await token({ claims: { access: 2 } }), minimum: 'admin' }),
      ask(ok, 0, { token: await token({ claims: { access: 2 } }) }),
      ask(ok, 0, { token: await token({ claims: { access: 2, acr: '2' } }), minimum: 'admin' }),
      ask('401 two-factors-required', 0, {
        token: await token({ claims: { access: 1, access2: 2 } }),
        minimum: 'admin',
      }),
      ask('403 access-denied', 0, { minimum: 'admin' }),
    ],
  },
  { name: 'a level that there is not', steps: [get(), ask(closed, 0, { minimum: 'owner' })] },
];

const text = JSON.stringify({ issuer, began, jwks: { keys }, cases }, null, 2);
writeFileSync('docs/reference/feed-vectors.json', `${text}\n`);
