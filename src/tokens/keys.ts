import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Config, ConfigError, configurationRoot } from '../config/index.ts';
import { readOrCreate } from '../crypto/secret-file.ts';
import { type Algorithm, generatePem } from './generate-key.ts';

/** The smallest RSA key: RFC 7518 section 3.3 requires 2048 bits or more. */
const MIN_RSA_KEY_BITS = 2048;

/** A key that verifies access tokens. */
export interface VerificationKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** PEM, SPKI. */
  readonly publicKey: string;
  /** RFC 7517 section 4. */
  readonly jwk: JsonWebKey;
}

/** The key that signs access tokens. */
export interface SigningKey extends VerificationKey {
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

/** The keys of a process. */
export interface Keys {
  readonly signing: SigningKey;
  /** The signing key first, then those of JWT_PREVIOUS_KEYS. */
  readonly verification: readonly VerificationKey[];
}

type KeyConfig = Pick<Config, 'jwtPrivateKey' | 'jwtPreviousKeys' | 'dataDir'>;

/**
 * Loads the signing key from JWT_PRIVATE_KEY (PEM or a path), else from `signing-key.pem` in the data folder,
 * which is created at the first start; and the public keys of JWT_PREVIOUS_KEYS.
 *
 * @throws {ConfigError} when one of them is not a key for ES256, EdDSA or RS256
 */
export async function loadKeys(config: KeyConfig): Promise<Keys> {
  const signing = parseSigningKey(await readSigningPem(config));
  const others = (await readPublicPems(config.jwtPreviousKeys)).map(parsePublicPem);
  const verification = new Map<string, VerificationKey>([signing, ...others].map((key) => [key.kid, key]));
  return { signing, verification: [...verification.values()] };
}

/**
 * Parses a private key into a signing key.
 *
 * @param pem PKCS #8, PKCS #1 or SEC 1, not encrypted
 * @throws {ConfigError} when it is not a private key for ES256, EdDSA or RS256
 */
export function parseSigningKey(pem: string): SigningKey {
  const privateKey = parse('JWT_PRIVATE_KEY', 'a private key', () => createPrivateKey(pem));
  const publicKey = createPublicKey(privateKey);
  return Object.freeze({
    ...describe('JWT_PRIVATE_KEY', publicKey),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  });
}

/** The path of the signing key that Latchkey creates by itself. */
export function signingKeyFile(dataDir: string): string {
  return resolve(dataDir, 'signing-key.pem');
}

/** Turns a key into its published form: its public members and its use (RFC 7517 section 4). */
export function toJwk({ jwk, kid, algorithm }: VerificationKey) {
  return { ...jwk, kty: String(jwk.kty), kid, alg: algorithm, use: 'sig' as const };
}

async function readSigningPem({ jwtPrivateKey, dataDir }: KeyConfig): Promise<string> {
  if (jwtPrivateKey === undefined) {
    return readOrCreate(signingKeyFile(dataDir), () => generatePem('ES256'));
  }
  return readPem('JWT_PRIVATE_KEY', jwtPrivateKey);
}

/** Reads the public keys: PEMs one after the other, or paths with commas between them. */
async function readPublicPems(value: string | undefined): Promise<string[]> {
  if (value === undefined) return [];
  const sources = value.includes('-----BEGIN') ? [value] : value.split(',').map((path) => path.trim());
  const texts = await Promise.all(sources.map((source) => readPem('JWT_PREVIOUS_KEYS', source)));
  return texts.flatMap((text) => {
    const pems = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g);
    // Each BEGIN must have its END. A key that is left out because its end is missing would refuse its tokens
    // without a message.
    if (pems?.length !== text.split('-----BEGIN ').length - 1) {
      throw new ConfigError('JWT_PREVIOUS_KEYS has a key that is cut off, or a file without a key in PEM');
    }
    return pems;
  });
}

async function readPem(variable: string, source: string): Promise<string> {
  // A PEM in an environment variable often has its line breaks written as \n.
  if (source.includes('-----BEGIN')) return source.replaceAll('\\n', '\n');
  try {
    return await readFile(resolve(configurationRoot, source), 'utf8');
  } catch (error) {
    throw new ConfigError(`${variable} is neither a PEM nor the path of a file that can be read`, {
      cause: error,
    });
  }
}

function parsePublicPem(pem: string): VerificationKey {
  if (pem.includes('PRIVATE'))
    throw new ConfigError('JWT_PREVIOUS_KEYS has a private key: give its public key only');
  const publicKey = parse('JWT_PREVIOUS_KEYS', 'public keys', () => createPublicKey(pem));
  return Object.freeze(describe('JWT_PREVIOUS_KEYS', publicKey));
}

function parse(variable: string, what: string, read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(`${variable} is not ${what} in PEM (make one: latchkey keys generate)`, {
      cause: error,
    });
  }
}

function describe(variable: string, publicKey: KeyObject): VerificationKey {
  const algorithm = algorithmOf(publicKey);
  if (algorithm === undefined) {
    throw new ConfigError(
      `${variable} must be P-256 (ES256), Ed25519 (EdDSA) or RSA of ${MIN_RSA_KEY_BITS} bits or more (RS256) (make one: latchkey keys generate)`,
    );
  }
  const jwk = publicKey.export({ format: 'jwk' });
  const kid = thumbprint(jwk);
  return {
    kid,
    algorithm,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    jwk,
  };
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Algorithm | undefined {
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_KEY_BITS)
    return 'RS256';
  return undefined;
}

/**
 * Computes the thumbprint of RFC 7638 section 3.2: SHA-256 over the required members of the JWK, in
 * lexicographic order; RFC 8037 appendix A.3.
 */
function thumbprint({ crv, e, kty, n, x, y }: JsonWebKey): string {
  const required = kty === 'EC' ? { crv, kty, x, y } : kty === 'RSA' ? { e, kty, n } : { crv, kty, x };
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url');
}
