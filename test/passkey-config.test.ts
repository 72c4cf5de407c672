/**
 * The names that passkeys are bound to, and the methods of a sign-in, as the environment gives them.
 *
 * @runs once, on SQLite: there is no database.
 */
import t from 'tap';
import { parseConfig } from '#latchkey/config/index.ts';

type Variables = Record<string, string>;
const passkeysOf = (variables: Variables) => parseConfig(variables).passkeys;

t.test('RP ID and origin are those of PUBLIC_URL, unless they are set', (t) => {
  const rows: [Variables, string, string[]][] = [
    [{ PUBLIC_URL: 'https://auth.example.com' }, 'auth.example.com', ['https://auth.example.com']],
    [
      { PUBLIC_URL: 'https://auth.example.com:8443/base' },
      'auth.example.com',
      ['https://auth.example.com:8443'],
    ],
    [{ PUBLIC_URL: 'http://localhost:3000' }, 'localhost', ['http://localhost:3000']],
    [
      { PUBLIC_URL: 'https://auth.example.com', RP_ID: 'example.com' },
      'example.com',
      ['https://auth.example.com'],
    ],
    [
      {
        PUBLIC_URL: 'https://auth.example.com',
        RP_ID: 'example.com',
        PASSKEY_ORIGINS: 'https://app.example.com',
      },
      'example.com',
      ['https://app.example.com'],
    ],
    [
      { PUBLIC_URL: 'http://127.0.0.1:3000', RP_ID: 'example.com', PASSKEY_ORIGINS: 'https://example.com' },
      'example.com',
      ['https://example.com'],
    ],
    [
      {
        PUBLIC_URL: 'https://example.com',
        PASSKEY_ORIGINS: `https://example.com, https://example.net,android:apk-key-hash:${'_'.repeat(43)}`,
      },
      'example.com',
      ['https://example.com', 'https://example.net', `android:apk-key-hash:${'_'.repeat(43)}`],
    ],
  ];
  for (const [variables, rpId, origins] of rows)
    t.match(
      passkeysOf(variables),
      { isOn: true, rpId, origins, acceptsChange: false },
      JSON.stringify(variables),
    );
  t.match(passkeysOf({ PUBLIC_URL: 'https://example.com', RP_ID_CHANGE: 'accept' }), { acceptsChange: true });
  t.end();
});

t.test('Where browsers give a PUBLIC_URL none, there are none', (t) => {
  const rows: Record<string, RegExp> = {
    'http://127.0.0.1:3000': /is an IP address \(127\.0\.0\.1\)/,
    'https://192.0.2.1': /is an IP address/,
    'https://[2001:db8::1]': /is an IP address/,
    'http://auth.example.com': /is plain http/,
    'https://intranet': /\(intranet\) is a single name/,
  };
  for (const [PUBLIC_URL, reason] of Object.entries(rows))
    t.match(passkeysOf({ PUBLIC_URL }), { isOn: false, reason }, PUBLIC_URL);
  t.end();
});

t.test('Wrong names are refused, with the name of the variable', (t) => {
  const PUBLIC_URL = 'https://auth.example.com';
  const rows: [Variables, RegExp][] = [
    [{ RP_ID: 'https://example.com' }, /^RP_ID must be a domain/],
    [{ RP_ID: '192.0.2.1' }, /^RP_ID must be a domain/],
    [{ RP_ID: 'com' }, /^RP_ID must be a domain/],
    [{ RP_ID: 'Example.com' }, /^RP_ID must be a domain/],
    [{ RP_ID: 'example.com:443' }, /^RP_ID must be a domain/],
    [{ RP_ID: 'example.net' }, /at or below RP_ID \(example\.net\)/],
    [{ RP_ID: 'th.example.com' }, /at or below RP_ID/],
    [{ RP_ID: 'sub.auth.example.com' }, /at or below RP_ID/],
    [
      { PASSKEY_ORIGINS: 'https://example.com/' },
      /^PASSKEY_ORIGINS must be .* https:\/\/example\.com\/ is none$/,
    ],
    [{ PASSKEY_ORIGINS: 'https://example.com/path' }, /^PASSKEY_ORIGINS/],
    [{ PASSKEY_ORIGINS: 'http://auth.example.com' }, /^PASSKEY_ORIGINS/],
    [{ PASSKEY_ORIGINS: 'auth.example.com' }, /^PASSKEY_ORIGINS/],
    [{ PASSKEY_ORIGINS: 'https://*.example.com' }, /^PASSKEY_ORIGINS/],
    [{ PASSKEY_ORIGINS: 'null' }, /^PASSKEY_ORIGINS/],
    [{ PASSKEY_ORIGINS: 'android:apk-key-hash:short' }, /^PASSKEY_ORIGINS/],
    [{ PASSKEY_ORIGINS: `android:apk-key-hash:${'a'.repeat(43)}` }, /^No origin of PASSKEY_ORIGINS/],
    [{ PASSKEY_ORIGINS: 'https://example.net' }, /^No origin of PASSKEY_ORIGINS/],
    [{ RP_ID_CHANGE: 'yes' }, /^RP_ID_CHANGE must be/],
  ];
  for (const [variables, message] of rows)
    t.throws(() => passkeysOf({ PUBLIC_URL, ...variables }), { message }, JSON.stringify(variables));
  t.end();
});

t.test('SIGN_IN_METHODS is a list of known methods, of which one can work', (t) => {
  const PUBLIC_URL = 'https://auth.example.com';
  const methodsOf = (SIGN_IN_METHODS: string, more = {}) => [
    ...parseConfig({ PUBLIC_URL, SIGN_IN_METHODS, ...more }).signInMethods,
  ];
  t.strictSame([...parseConfig({}).signInMethods], ['password', 'passkey']);
  t.strictSame(methodsOf(' passkey , password,passkey'), ['passkey', 'password']);
  t.strictSame(methodsOf('passkey'), ['passkey']);
  for (const text of [',', 'password,sms', 'Password', 'password passkey'])
    t.throws(() => methodsOf(text), { message: /^SIGN_IN_METHODS must be one or more of/ }, text);
  const none = { PUBLIC_URL: 'http://192.0.2.1' };
  t.throws(() => methodsOf('passkey', none), {
    message: /^SIGN_IN_METHODS has passkeys alone, .* IP address/,
  });
  t.strictSame(methodsOf('password,passkey', none), ['password', 'passkey']);
  t.end();
});
