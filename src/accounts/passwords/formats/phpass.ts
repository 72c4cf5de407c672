import { hash as digest, timingSafeEqual } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AcceptedHash, tooCostly } from './format.ts';

/** WordPress until 6.7 and phpBB use 2^13 rounds of MD5. 2^16 take about 0.1 s, in the event loop. */
const ROUNDS_LOG2 = { least: 7, most: 16, highest: 30 } as const;

/** Rounds before other work of the event loop gets its turn: about a millisecond. */
const ROUNDS_PER_TURN = 1_024;

const DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** "Portable" hashes of phpass: rounds, 8 characters of salt, 22 of the hash. phpBB writes `$H$`. */
const phpassText = /^\$[PH]\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})$/;

/** Accepts a portable hash of phpass. */
export function acceptPhpass(text: string): AcceptedHash | undefined {
  const [, rounds] = phpassText.exec(text) ?? [];
  if (rounds === undefined) return undefined;
  const log2 = DIGITS.indexOf(rounds);
  if (log2 < ROUNDS_LOG2.least || log2 > ROUNDS_LOG2.highest) return undefined;
  return log2 > ROUNDS_LOG2.most ? tooCostly : { hash: `$P$${text.slice(3)}` };
}

/** Verifies a password with a stored hash. @returns undefined when it is not one of phpass */
export async function verifyPhpass(stored: string, password: string): Promise<boolean | undefined> {
  const [, rounds = '', salt, hash = ''] = phpassText.exec(stored) ?? [];
  if (salt === undefined) return undefined;
  const bytes = Buffer.from(password);
  let state = digest('md5', Buffer.concat([Buffer.from(salt), bytes]), 'buffer');
  for (let round = 2 ** DIGITS.indexOf(rounds); round > 0; round--) {
    state = digest('md5', Buffer.concat([state, bytes]), 'buffer');
    if (round % ROUNDS_PER_TURN === 0) await nextTurn();
  }
  return timingSafeEqual(Buffer.from(encode(state)), Buffer.from(hash));
}

/** Base64 of phpass: its own digits, and the lowest bits first. */
function encode(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = bytes.subarray(at, at + 3);
    let value = group.reduce((sum, byte, index) => sum + byte * 2 ** (8 * index), 0);
    for (let left = group.length; left >= 0; left--) {
      text += DIGITS.charAt(value % 64);
      value = Math.floor(value / 64);
    }
  }
  return text;
}
