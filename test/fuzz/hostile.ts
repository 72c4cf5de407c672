/** Values that break unprepared code. */
import fc from 'fast-check';

/** Names of the forms of an address. Only the first three are equal to it. See `lookAlikes` in live.ts. */
export const emailForms = [
  ...['upper', 'spaced', 'plain', 'kelvin', 'dotless', 'long-s', 'fullwidth', 'cyrillic', 'zero-width'],
  ...['combining', 'dot', 'nul', 'plus', 'quoted', 'comment', 'two', 'header'],
];

/** Texts as JavaScript values: JSON writes halves of surrogate pairs as escapes. */
export const texts: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff',
  'a\ud83d',
  '\udc00\ud800',
  '\u0001\u001f\u007f\u009f',
  '\u2028\u2029\ufeff\u200b\u202e',
  'e\u0301'.repeat(60),
  'İıſKﬀẞΣς',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '\u{10ffff}\ufffe',
  '⟦long 300⟧',
  '⟦long 20000⟧',
  "' OR '1'='1",
  '\'; DROP TABLE "User"; --',
  '") UNION SELECT "passwordHash" FROM "User" --',
  '%_\\',
  "\\'",
  '$1 ?1 :id @p1',
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  'a\r\nSet-Cookie: a=b\r\n\r\n<html>',
  '%0d%0aSet-Cookie:%20a=b',
  '<script>alert(1)</script>',
  '{{7*7}}<%= 7*7 %>#{7*7}',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-1',
  '1e999',
  '0x10',
  '99999999999999999999',
  '2147483648',
  'file:///etc/passwd',
  'http://169.254.169.254/',
  '٣',
  '*',
  '"',
  '()&|(uid=*)',
  '{"set":1}',
];

/** Times at the limits of calendars, formats and columns. */
export const times = [
  '2016-12-31T23:59:60Z',
  '9999-12-31T23:59:59.999Z',
  '9999-12-31T23:59:60Z',
  '9999-12-31T23:59:59-23:59',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+23:59',
  '1969-12-31T23:59:59Z',
  '2026-02-29T00:00:00Z',
  '2026-01-31t12:00:00z',
  '2026-01-31 12:00:00Z',
  '2026-01-31T12:00:00.123456789123456789Z',
  '2038-01-19T03:14:08Z',
  '+010000-01-01T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T12:00:00',
];

/** JSON that JSON.stringify never writes, and JSON that databases and validators may take for operators. */
const jsons = [
  ...['1e999', '-1e999', '1e-999', '-0', '0.1', '1.5', '123456789012345678901234567890', '9007199254740993'],
  ...['2147483648', '-2147483649', '4294967296', '1.0000000000000001', '1E2'],
  ...['"\\ud800"', '"\\u0000"', '"\\udc00\\ud800"', '"\\/\\b"'],
  ...['null', 'true', 'false', '0', '[]', '{}', '[[]]', '[null]', '{"":""}', '["a","b"]'],
  ...['⟦deep 14⟧', '⟦deep 15⟧', '⟦deep 17⟧', '⟦deep 30000⟧'],
  ...['{"set":2}', '{"increment":5}', '{"not":null}', '{"contains":""}', '{"equals":"a"}', '{"in":[]}'],
  ...['{"toString":1}', '{"length":1}', '{"$ne":null}', '{"valueOf":null,"toJSON":1}', '{"__proto__":1}'],
];

/** Texts that are not JSON. */
export const noJsons = [
  'NaN',
  'Infinity',
  '01',
  '0x10',
  '.5',
  '+1',
  "'a'",
  'undefined',
  '"a',
  '"\t"',
  '"\\x41"',
  '//',
];

const wideText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));

/** Generates any text. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...texts) },
  { weight: 1, arbitrary: fc.constantFrom(...times) },
  { weight: 1, arbitrary: fc.constantFrom(...emailForms).map((form) => `⟦email ${form}⟧`) },
  { weight: 2, arbitrary: wideText },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 130 }) },
);

/** Generates the JSON of any value. */
export const hostileJson: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: hostileText.map((text) => JSON.stringify(text)) },
  { weight: 4, arbitrary: fc.constantFrom(...jsons) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
);

/** Segments of a path as they are sent: invalid encodings, and encodings of other paths. */
export const rawSegments = [
  ...[
    '%',
    '%zz',
    '%00',
    '%c0%ae%c0%ae',
    '%ed%a0%80',
    '%ff',
    '%2e%2e',
    '..',
    '.',
    '',
    '%2f',
    '%5c',
    '..%2f..%2f',
    '%252f',
  ],
  ...[
    'a;b',
    'a%3fb',
    'a%23b',
    '%0d%0aX:1',
    '%e2%80%ae',
    '*',
    ':id',
    '{id}',
    '%7bid%7d',
    "'",
    '\\',
    '|',
    '~',
    '%20',
    '+',
  ],
  ...[
    '⟦long 99⟧',
    '⟦long 101⟧',
    '⟦long 9000⟧',
    '⟦long 20000⟧',
    '⟦user⟧/',
    '⟦user⟧%00',
    '⟦user⟧.json',
    '%F0%9F%98%80',
  ],
];
