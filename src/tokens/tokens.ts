import { randomUUID } from 'node:crypto';
import fastifyJwt, { type JWT } from '@fastify/jwt';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { type Config, ConfigError } from '../config.ts';
import { type AccessTokenClaims, areClaims, CLIENT_ID, InvalidTokenError } from './claims.ts';
import { type Keys, loadKeys, type SigningKey, type VerificationKey } from './keys.ts';
import { RefreshTokens } from './refresh-tokens.ts';
import type { Secrets } from './secrets.ts';
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

declare module '@fastify/jwt' {
  interface FastifyJWT {
    namespaces: string;
    payload: AccessTokenClaims;
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
  const verifiers = await registerKeys(app, keys, config.publicUrl);
  const signer = verifiers.get(keys.signing.kid)?.jwt;
  if (signer === undefined) throw new ConfigError('JWT_PRIVATE_KEY cannot be used for signing');
  app.decorate('keys', keys);
  app.decorate('refreshTokens', new RefreshTokens(secrets));
  app.decorate('tokens', {
    issue: (subject) => issue(signer, config, subject),
    verify: verifierOf(verifiers),
  });
}

/** One @fastify/jwt a key: it prepares its verifier once, and each `kid` is pinned to one algorithm. */
async function registerKeys(
  app: FastifyInstance,
  { signing, verification }: Keys,
  publicUrl: string,
): Promise<Verifiers> {
  const verifiers = new Map<string, Verifier>();
  // In a context of its own, so that requests don't get its decorators: only the guard verifies.
  await app.register(async (scope) => {
    for (const key of verification) {
      await scope.register(fastifyJwt, {
        ...jwtOptions(key, publicUrl),
        ...(key.kid === signing.kid && signOptions(signing)),
      });
      const jwt = scope.jwt[key.kid];
      if (jwt !== undefined) verifiers.set(key.kid, { jwt, algorithm: key.algorithm });
    }
  });
  return verifiers;
}

const jwtOptions = ({ kid, algorithm, publicKey }: VerificationKey, publicUrl: string) => ({
  namespace: kid,
  secret: { public: publicKey },
  verify: { algorithms: [algorithm], allowedIss: publicUrl, allowedAud: publicUrl, checkTyp: TOKEN_TYPE },
});

const signOptions = ({ kid, algorithm, publicKey, privateKey }: SigningKey) => ({
  secret: { private: privateKey, public: publicKey },
  sign: { algorithm, kid, header: { alg: algorithm, typ: TOKEN_TYPE } },
});

function issue(jwt: JWT, { publicUrl, accessTokenTtl }: TokenConfig, subject: AccessTokenSubject) {
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
  return { accessToken: jwt.sign(claims), expiresIn: claims.exp - now };
}

interface Verifier {
  readonly jwt: JWT;
  readonly algorithm: string;
}
type Verifiers = ReadonlyMap<string, Verifier>;

const toSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** The header of what we sign is the same in every token of a key: those few are read once. */
function verifierOf(verifiers: Verifiers): Tokens['verify'] {
  const known = new Map<string, Verifier>();
  return (token) => {
    const segment = headerSegment(token);
    const verifier = known.get(segment) ?? findVerifier(verifiers, segment);
    const claims = verify(verifier, token);
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

function verify({ jwt }: Verifier, token: string): AccessTokenClaims {
  let claims: unknown;
  try {
    claims = jwt.verify(token);
  } catch (error) {
    throw new InvalidTokenError('refused by the verifier', { cause: error });
  }
  if (!areClaims(claims)) throw new InvalidTokenError('a claim is missing or of another type');
  // The verifier accepts the last moment, which is too late already: RFC 7519 section 4.1.4.
  if (claims.exp * 1000 <= Date.now()) throw new InvalidTokenError('expired');
  if (claims.iat > Date.now() / 1000 + CLOCK_TOLERANCE) throw new InvalidTokenError('issued in the future');
  return Object.freeze(claims);
}

export default fp(tokens, { name: 'tokens', fastify: '5.x' });
