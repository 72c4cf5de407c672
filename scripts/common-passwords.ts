/**
 * `npm run common-passwords`: writes wordlists/common-passwords.txt, the list of
 * `@zxcvbn-ts/language-common`, one password a line and sorted. A test compares the two: run this when that
 * package has a new version.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { dictionary } from '@zxcvbn-ts/language-common';

const file = resolve(import.meta.dirname, '../wordlists/common-passwords.txt');
const passwords = dictionary['passwords-common'].toSorted();
writeFileSync(file, passwords.map((password) => `${password}\n`).join(''));
