/**
 * The list of common passwords.
 *
 * @runs once, on SQLite: it has no database.
 */
import { readFileSync } from 'node:fs';
import { dictionary } from '@zxcvbn-ts/language-common';
import fc from 'fast-check';
import t from 'tap';
import { findWeakness, LONGEST_WORD, loadCommonPasswords } from '#latchkey/accounts/passwords/strength.ts';
import { WordList } from '#latchkey/accounts/passwords/word-list.ts';

const passwords = dictionary['passwords-common'];
const owner = { name: 'Ada', email: 'ada@example.com' };
const common = 'is one of the most common passwords: choose another';

function listOf(words: Iterable<string>): WordList {
  const lines = [...words].map((word) => Buffer.from(`${word}\n`)).sort(Buffer.compare);
  return new WordList(Buffer.concat(lines));
}

t.test('The file has the passwords of its package, sorted', async (t) => {
  const text = readFileSync('wordlists/common-passwords.txt', 'utf8');
  const isSame =
    text ===
    passwords
      .toSorted()
      .map((password) => `${password}\n`)
      .join('');
  t.ok(isSame, 'otherwise run npm run common-passwords');
  t.equal(Math.max(...passwords.map(({ length }) => length)), LONGEST_WORD);
  t.equal(
    readFileSync('wordlists/LICENSE', 'utf8'),
    readFileSync('node_modules/@zxcvbn-ts/language-common/LICENSE.txt', 'utf8'),
  );
});

t.test('Every password of the list is found, and nothing else', async (t) => {
  const list = await loadCommonPasswords();
  t.strictSame(
    passwords.filter((password) => !list.has(password)),
    [],
  );
  const known = new Set(passwords);
  const others = passwords.flatMap((word) => [word.slice(0, -1), `${word}\n`, `${word}é`, `\n${word}`]);
  t.strictSame(
    others.filter((word) => list.has(word) !== known.has(word)),
    [],
  );
});

t.test('A list finds its words and no other text', async (t) => {
  const word = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 4 })
    .filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(fc.uniqueArray(word), fc.string({ unit: 'grapheme', maxLength: 4 }), (words, other) => {
      const list = listOf(words);
      return words.every((word) => list.has(word)) && list.has(other) === words.includes(other);
    }),
  );
  t.notOk(listOf([]).has(''));
});

t.test('A text that normalization makes long is looked up a few times', async (t) => {
  const list = await loadCommonPasswords();
  let lookups = 0;
  const has = list.has.bind(list);
  t.teardown(() => void Reflect.deleteProperty(list, 'has'));
  list.has = (word) => {
    lookups++;
    return has(word);
  };
  // One letter of these becomes 18.
  const password = `${'\uFDFA'.repeat(127)}a`;
  t.equal(await findWeakness(password, { name: 'Ada', email: 'ada@example.com' }), undefined);
  t.ok(lookups < 20, `${lookups} look-ups`);
});

t.test('Common passwords are refused in every form', async (t) => {
  for (const password of ['trustno1', 'Trustno1', '12trustno1!!', 'trustno1trustno1', 'trustno1password'])
    t.equal(await findWeakness(password, owner), common, password);
  for (const password of ['correct horse battery staple', 'trustno1 then nobody', 'zq'])
    t.equal(await findWeakness(password, owner), undefined, password);
});
