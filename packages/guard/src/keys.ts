import { type CryptoKey, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { areClaims, type Claims } from './claims.ts';

/** The algorithms of Latchkey. */
const algorithms: readonly string[] = ['ES256', 'EdDSA', 'RS256'];

/** Keys that are kept, of all processes of Latchkey together. */
const MAX_KEYS = 100;

/** The key of a token is not known, or not yet. */
export class MissingKeyError extends Error {
  override name = 'MissingKeyError';
  readonly kid: string;

  constructor(kid: string) {
    super(`The key ${kid} is not known`);
    this.kid = kid;
  }
}

interface Key {
  readonly algorithm: string;
  readonly key: CryptoKey;
}

/** Verifies tokens with the keys of one issuer. */
export class Keys {
  readonly #issuer: string;
  readonly #read: () => Promise<unknown>;
  #keys = new Map<string, Key>();

  /** @param read reads the key set (RFC 7517) */
  constructor(issuer: string, read: () => Promise<unknown>) {
    this.#issuer = issuer;
    this.#read = read;
  }

  /**
   * Reads the key set when a key is missing that the feed names. During a rotation, one process of Latchkey
   * names a key that another one does not: a key that is known stays, and whether it verifies is what the last
   * answer of the feed says.
   *
   * @throws {Error} when the set does not have them
   */
  async ensure(kids: readonly string[]): Promise<void> {
    if (kids.some((kid) => !this.#keys.has(kid))) {
      const imported = await importSet(await this.#read());
      this.#keys = new Map([...this.#keys, ...imported].slice(-MAX_KEYS));
    }
    const missing = kids.find((kid) => !this.#keys.has(kid));
    if (missing !== undefined) throw new Error(`The key set lacks the key ${missing}, which the feed names`);
  }

  /**
   * Verifies a token: the algorithm is the one of the key.
   *
   * @returns the claims and the id of the key
   * @throws {MissingKeyError} for one of another key; other errors for every token that is not valid
   */
  async verify(token: string, now: number): Promise<{ readonly claims: Claims; readonly kid: string }> {
    const header = decodeProtectedHeader(token);
    const { kid, typ } = header;
    if (Object.keys(header).length !== 3 || typ !== 'at+jwt' || kid === undefined || header.alg === undefined)
      throw new Error('The header is not that of an access token');
    const known = this.#keys.get(kid);
    if (known === undefined) throw new MissingKeyError(kid);
    const { payload } = await jwtVerify(token, known.key, {
      algorithms: [known.algorithm],
      issuer: this.#issuer,
      audience: this.#issuer,
      typ: 'at+jwt',
      currentDate: new Date(now),
    });
    if (!areClaims(payload)) throw new Error('A claim is missing or of another type');
    return { claims: Object.freeze(payload), kid };
  }
}

async function importSet(set: unknown): Promise<Map<string, Key>> {
  const { keys } = Object(set);
  if (!Array.isArray(keys)) throw new Error('The answer is not a key set');
  const imported = new Map<string, Key>();
  for (const jwk of keys) {
    const { kid, alg } = Object(jwk);
    if (typeof kid !== 'string' || !algorithms.includes(alg)) continue;
    const key = await importJWK(jwk, alg);
    if (!(key instanceof Uint8Array)) imported.set(kid, { algorithm: alg, key });
  }
  return imported;
}
