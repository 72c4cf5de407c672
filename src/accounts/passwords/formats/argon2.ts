import {
  type AcceptedHash,
  areLongEnough,
  fromBase64,
  type HashCost,
  NUMBER,
  PADDED_BASE64,
  tooCostly,
  toUnpaddedBase64,
} from './format.ts';

/** The memory limit for hashes of other software. */
export const MAX_MEMORY_KIB = 131_072;

/**
 * The time limit for argon2: KiB times passes, about 0.5 to 1 s. The current parameters are a thirtieth of
 * it.
 */
const MAX_ARGON2_COST = 1_048_576;
const MAX_LANES = 16;

/** Memory, passes, lanes. The package `argon2` writes the lanes before the passes since version 0.45. */
const PARAMETERS = `m=${NUMBER},(?:t=${NUMBER},p=${NUMBER}|p=${NUMBER},t=${NUMBER})`;

/** PHC string format. Django writes `argon2` before it, and Spring Security `{argon2}`. */
const argon2Text = new RegExp(
  `^(?:argon2|\\{argon2(?:@SpringSecurity_v5_8)?\\})?` +
    `\\$argon2(id|i|d)(?:\\$v=(16|19))?\\$${PARAMETERS}\\$(${PADDED_BASE64})\\$(${PADDED_BASE64})$`,
);

/**
 * Writes each hash in one way. Some software writes zeros before a number, sets unused bits of the last
 * digits, pads base64, or writes the lanes before the passes.
 */
export function acceptArgon2(text: string): AcceptedHash | undefined {
  const [, type, version = '16', memory, passes, lanes, lanesFirst, passesLast, saltText, hashText] =
    argon2Text.exec(text) ?? [];
  if (saltText === undefined || hashText === undefined) return undefined;
  const [salt, hash] = [fromBase64(saltText), fromBase64(hashText)];
  const [m, t, p] = [Number(memory), Number(passes ?? passesLast), Number(lanes ?? lanesFirst)];
  if (salt === undefined || hash === undefined || !areLongEnough(salt, hash)) return undefined;
  // RFC 9106 section 3.1: at least one pass, and 8 KiB a lane.
  if (t === 0 || p === 0 || m < 8 * p) return undefined;
  if (m > MAX_MEMORY_KIB || m * t > MAX_ARGON2_COST || p > MAX_LANES) return tooCostly;
  const digits = `${toUnpaddedBase64(salt)}$${toUnpaddedBase64(hash)}`;
  return { hash: `$argon2${type}$v=${version}$m=${m},t=${t},p=${p}$${digits}` };
}

/** The cost of a stored hash: argon2 runs one thread for each lane. @returns undefined for other hashes */
export function argon2Cost(hash: string): HashCost | undefined {
  const [, memory, lanes] = /^\$argon2[^$]*\$(?:v=\d+\$)?m=(\d+),(?:t=\d+,)?p=(\d+)/.exec(hash) ?? [];
  return memory === undefined ? undefined : { memoryKib: Number(memory), threads: Number(lanes) };
}
