import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Config, ConfigError, packageRoot } from '../config.ts';
import { readOrCreate } from './data-file.ts';

/** The key that signs access tokens. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly algorithm: 'ES256';
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** PEM, SPKI. */
  readonly publicKey: string;
}

/**
 * Loads the signing key from JWT_PRIVATE_KEY (PEM or a path), else from `signing-key.pem` in the data folder,
 * where one is made at the first start.
 *
 * @throws {ConfigError} when it is not a private key on the curve P-256
 */
export async function loadSigningKey(config: Pick<Config, 'jwtPrivateKey' | 'dataDir'>): Promise<SigningKey> {
  return parseSigningKey(await readPem(config));
}

/**
 * The secret: SECRET, else the file `secret` in the data folder, which is made at the first start
 * (32 random bytes, the size of a SHA-256 HMAC key: RFC 2104 section 3).
 */
export async function loadSecret(config: Pick<Config, 'secret' | 'dataDir'>): Promise<string> {
  if (config.secret !== undefined) return config.secret;
  const contents = await readOrCreate(
    resolve(config.dataDir, 'secret'),
    () => `${randomBytes(32).toString('base64url')}\n`,
  );
  return contents.trim();
}

async function readPem({
  jwtPrivateKey,
  dataDir,
}: Pick<Config, 'jwtPrivateKey' | 'dataDir'>): Promise<string> {
  if (jwtPrivateKey === undefined) return readOrCreate(resolve(dataDir, 'signing-key.pem'), generatePem);
  // A PEM in an environment variable often has its line breaks written as \n.
  if (jwtPrivateKey.includes('-----BEGIN')) return jwtPrivateKey.replaceAll('\\n', '\n');
  try {
    return await readFile(resolve(packageRoot, jwtPrivateKey), 'utf8');
  } catch (error) {
    throw new ConfigError('JWT_PRIVATE_KEY is neither a PEM nor the path of a file that can be read', {
      cause: error,
    });
  }
}

function generatePem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return exportPem(privateKey, 'pkcs8');
}

function parseSigningKey(pem: string): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (error) {
    throw new ConfigError('JWT_PRIVATE_KEY is not a private key in PEM', { cause: error });
  }
  if (privateKey.asymmetricKeyType !== 'ec' || privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new ConfigError(
      'JWT_PRIVATE_KEY is not a P-256 key (example: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256)',
    );
  }
  const publicKey = createPublicKey(privateKey);
  return Object.freeze({
    kid: thumbprint(publicKey),
    algorithm: 'ES256',
    privateKey: exportPem(privateKey, 'pkcs8'),
    publicKey: exportPem(publicKey, 'spki'),
  });
}

function exportPem(key: KeyObject, type: 'pkcs8' | 'spki'): string {
  return key.export({ type, format: 'pem' }).toString();
}

/** RFC 7638 section 3.2: SHA-256 over the required members of the JWK, in lexicographic order. */
function thumbprint(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
