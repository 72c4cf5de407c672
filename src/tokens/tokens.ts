import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import type { Config } from '../config.ts';
import { type AccessTokenClaims, areClaims, CLIENT_ID, InvalidTokenError } from './claims.ts';
import { type Keys, loadKeys, type SigningKey } from './keys.ts';
import { RefreshTokens } from './refresh-tokens.ts';
import type { Secrets } from './secrets.ts';
import { signerOf, type VerifySignature, verifierOf } from './signatures.ts';
import { headerSegment, readHeader, TOKEN_TYPE } from './token-header.ts';

/** Seconds that another process's clock may run ahead of ours. */
const CLOCK_TOLERANCE = 60;

/** What an access token says of its bearer. */
export interface AccessTokenSubject {
  readonly userId: string;
  readonly sessionId: string;
  readonly access: number;
  readonly generation: number;
  /** When the password was verified. */
  readonly authenticatedAt: Date;
  /** When what the token says ends: the session, or a level with a time limit. */
  readonly expiresAt: Date;
}

/** Signs and verifies access tokens. */
export interface Tokens {
  /** @returns the signed token and its lifetime in seconds */
  issue(subject: AccessTokenSubject): { accessToken: string; expiresIn: number };
  /**
   * @returns the frozen claims of a token that is ours and has not expired
   * @throws {InvalidTokenError} for every other string
   */
  verify(token: string): AccessTokenClaims;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly keys: Keys;
    readonly tokens: Tokens;
    readonly refreshTokens: RefreshTokens;
  }
}

type TokenConfig = Pick<
  Config,
  'publicUrl' | 'accessTokenTtl' | 'jwtPrivateKey' | 'jwtPreviousKeys' | 'dataDir'
>;

export interface TokenOptions {
  readonly config: TokenConfig;
  readonly secrets: Secrets;
}

async function tokens(app: FastifyInstance, { config, secrets }: TokenOptions) {
  const keys = await loadKeys(config);
  app.decorate('keys', keys);
  app.decorate('refreshTokens', new RefreshTokens(secrets));
  app.decorate('tokens', { issue: issuerOf(keys.signing, config), verify: verifyOf(keys, config) });
}

function issuerOf(key: SigningKey, { publicUrl, accessTokenTtl }: TokenConfig): Tokens['issue'] {
  const sign = signerOf(key);
  const header = encode({ alg: key.algorithm, typ: TOKEN_TYPE, kid: key.kid });
  return (subject) => {
    const now = toSeconds(Date.now());
    const claims: AccessTokenClaims = {
      iss: publicUrl,
      aud: publicUrl,
      sub: subject.userId,
      sid: subject.sessionId,
      client_id: CLIENT_ID,
      access: subject.access,
      gen: subject.generation,
      auth_time: toSeconds(subject.authenticatedAt.getTime()),
      iat: now,
      exp: Math.min(now + accessTokenTtl, toSeconds(subject.expiresAt.getTime())),
      jti: randomUUID(),
    };
    const signed = `${header}.${encode(claims)}`;
    return { accessToken: `${signed}.${sign(signed)}`, expiresIn: claims.exp - now };
  };
}

/** How the tokens of one key are verified: each `kid` is pinned to one algorithm. */
interface Verifier {
  readonly algorithm: string;
  readonly fits: VerifySignature;
}
type Verifiers = ReadonlyMap<string, Verifier>;

/** The header of what we sign is the same in every token of a key: those few are read once. */
function verifyOf({ verification }: Keys, { publicUrl }: TokenConfig): Tokens['verify'] {
  const verifiers = new Map(
    verification.map((key) => [key.kid, { algorithm: key.algorithm, fits: verifierOf(key) }]),
  );
  const known = new Map<string, Verifier>();
  return (token) => {
    const segment = headerSegment(token);
    const verifier = known.get(segment) ?? findVerifier(verifiers, segment);
    const claims = verify(verifier, token, segment.length, publicUrl);
    // Of tokens that are ours alone, or others would fill it.
    if (known.size < verifiers.size) known.set(segment, verifier);
    return claims;
  };
}

function findVerifier(verifiers: Verifiers, segment: string): Verifier {
  const { kid, alg } = readHeader(segment);
  const verifier = verifiers.get(kid);
  if (verifier === undefined) throw new InvalidTokenError('unknown kid');
  if (alg !== verifier.algorithm) throw new InvalidTokenError('another algorithm than the key has');
  return verifier;
}

/**
 * Nothing of a token but its header is read before its signature is found right (RFC 7519 section 7.2).
 *
 * @param headerEnd where its header ends
 */
function verify({ fits }: Verifier, token: string, headerEnd: number, publicUrl: string): AccessTokenClaims {
  const end = token.lastIndexOf('.');
  if (!fits(token.slice(0, end), token.slice(end + 1))) throw new InvalidTokenError('wrong signature');
  const claims = decode(token.slice(headerEnd + 1, end));
  if (!areClaims(claims)) throw new InvalidTokenError('a claim is missing or of another type');
  // With the URL that both are, tokens of another service that has the key are none of ours (RFC 8725 sections 3.8 and 3.9).
  if (claims.iss !== publicUrl) throw new InvalidTokenError('issued by somebody else');
  if (claims.aud !== publicUrl) throw new InvalidTokenError('issued for somebody else');
  const now = Date.now() / 1000;
  // From its moment on it is too late: RFC 7519 section 4.1.4.
  if (claims.exp <= now) throw new InvalidTokenError('expired');
  if (claims.iat > now + CLOCK_TOLERANCE) throw new InvalidTokenError('issued in the future');
  if (claims.nbf !== undefined && claims.nbf > now) throw new InvalidTokenError('not valid yet');
  return Object.freeze(claims);
}

function encode(members: object): string {
  return Buffer.from(JSON.stringify(members)).toString('base64url');
}

function decode(segment: string): unknown {
  try {
    return JSON.parse(Buffer.from(segment, 'base64url').toString());
  } catch (error) {
    throw new InvalidTokenError('claims are not JSON', { cause: error });
  }
}

const toSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

export default fp(tokens, { name: 'tokens', fastify: '5.x' });
