import { randomUUID } from 'node:crypto';
import fastifyJwt, { type FastifyJWTOptions, type JWT } from '@fastify/jwt';
import Fastify from 'fastify';
import type { Config } from '../config/index.ts';
import type { FactorLimit } from '../config/second-factor.ts';
import type { Secrets } from '../crypto/hmac.ts';
import { AccessTokenClaims, areClaims, CLIENT_ID, findTimeProblem, InvalidTokenError } from './claims.ts';
import { type Acr, limitByFactors } from './factors.ts';
import { type Keys, loadKeys, type VerificationKey } from './keys.ts';
import { RefreshTokens } from './refresh-tokens.ts';
import { readKid, requireCanonical, TOKEN_TYPE } from './token-header.ts';

/** The subject of an access token. */
export interface AccessTokenSubject {
  readonly userId: string;
  readonly sessionId: string;
  /** The user's current level, or the session's cap when that is lower. */
  readonly access: number;
  /** The level that a second factor would give, where it is higher. */
  readonly access2?: number;
  /** The highest level that was asked for at the sign-in, if any. */
  readonly cap?: number;
  readonly acr: Acr;
  /** The methods that the session has proven: RFC 8176. */
  readonly amr: readonly string[];
  readonly generation: number;
  /** When the account's factors were proven. */
  readonly authenticatedAt: Date;
  /** The time of the issue, by the database's clock: the processes agree on it, and so do revocations. */
  readonly issuedAt: Date;
  /** The end of the session, or of a level with a time limit. */
  readonly expiresAt: Date;
}

/** Signs and verifies access tokens. */
export interface Tokens {
  /**
   * Signs a token.
   *
   * @returns the signed token and its lifetime in seconds
   */
  issue(subject: AccessTokenSubject): { accessToken: string; expiresIn: number };
  /**
   * Verifies a token.
   *
   * @returns the frozen claims of a token that this service issued and that has not expired
   * @throws {InvalidTokenError} for every other string
   */
  verify(token: string): AccessTokenClaims;
}

type TokenConfig = Pick<
  Config,
  'publicUrl' | 'accessTokenTtl' | 'secondFactor' | 'jwtPrivateKey' | 'jwtPreviousKeys' | 'dataDir'
>;

/** The keys, and everything that issues and verifies tokens with them. */
export interface TokenParts {
  readonly keys: Keys;
  readonly tokens: Tokens;
  readonly refreshTokens: RefreshTokens;
}

/**
 * Loads the keys, and opens the signer and the verifiers of access tokens.
 *
 * @throws {ConfigError} when a key is not valid
 */
export async function openTokens(config: TokenConfig, secrets: Secrets): Promise<TokenParts> {
  const keys = await loadKeys(config);
  const jwts = await registerKeys(keys, config);
  const findJwt = (kid: string) => {
    const jwt = jwts.get(kid);
    if (jwt === undefined) throw new InvalidTokenError('unknown kid');
    return jwt;
  };
  const signing = findJwt(keys.signing.kid);
  return {
    keys,
    tokens: { issue: issuerOf(signing, config), verify: verifierOf(signing, findJwt, config) },
    refreshTokens: new RefreshTokens(secrets),
  };
}

/**
 * Registers @fastify/jwt once for each key, in an instance that has nothing else. In an app that has the
 * plugin for other tokens, the registrations would be members of the app's `jwt`.
 */
async function registerKeys(keys: Keys, config: TokenConfig) {
  const vault = Fastify();
  for (const key of keys.verification) await vault.register(fastifyJwt, optionsOf(key, keys, config));
  const registered = vault.getDecorator<Readonly<Record<string, JWT>>>('jwt');
  const jwts = new Map<string, JWT>();
  for (const { kid } of keys.verification) {
    const jwt = registered[kid];
    if (jwt !== undefined) jwts.set(kid, jwt);
  }
  return jwts;
}

/**
 * Builds the options of @fastify/jwt for one key. Each key has one algorithm (RFC 8725 section 3.1). Issuer
 * and audience are the URL of this service. So tokens of another service with the same key are refused (RFC
 * 8725 sections 3.8 and 3.9). The cache of the library stays off, because it also keeps refused tokens.
 */
function optionsOf(
  { kid, algorithm, publicKey }: VerificationKey,
  { signing }: Keys,
  { publicUrl }: TokenConfig,
) {
  return {
    namespace: kid,
    secret: { public: publicKey, ...(kid === signing.kid && { private: signing.privateKey }) },
    sign: { algorithm, kid, header: { alg: algorithm, typ: TOKEN_TYPE } },
    decode: { complete: true },
    verify: {
      algorithms: [algorithm],
      allowedIss: publicUrl,
      allowedAud: publicUrl,
      checkTyp: TOKEN_TYPE,
      // The library compares the issuer and the audience only where they are present.
      requiredClaims: AccessTokenClaims.required,
    },
  } satisfies FastifyJWTOptions;
}

function issuerOf(jwt: JWT, { publicUrl, accessTokenTtl }: TokenConfig): Tokens['issue'] {
  return (subject) => {
    const issuedAt = toSeconds(subject.issuedAt.getTime());
    const claims: AccessTokenClaims = {
      iss: publicUrl,
      aud: publicUrl,
      sub: subject.userId,
      sid: subject.sessionId,
      client_id: CLIENT_ID,
      access: subject.access,
      ...(subject.access2 !== undefined && { access2: subject.access2 }),
      ...(subject.cap !== undefined && { cap: subject.cap }),
      acr: subject.acr,
      amr: [...subject.amr],
      gen: subject.generation,
      auth_time: toSeconds(subject.authenticatedAt.getTime()),
      iat: issuedAt,
      exp: Math.min(issuedAt + accessTokenTtl, toSeconds(subject.expiresAt.getTime())),
      jti: randomUUID(),
    };
    return { accessToken: jwt.sign(claims), expiresIn: claims.exp - issuedAt };
  };
}

/**
 * Verifies with the key that the header names, then does the checks that the library lacks.
 *
 * @param decoder any registration: decoding needs no key
 * @param findJwt throws for a `kid` that no key has
 */
function verifierOf(
  decoder: JWT,
  findJwt: (kid: string) => JWT,
  { secondFactor: { limit } }: Pick<Config, 'secondFactor'>,
): Tokens['verify'] {
  return (token) => {
    try {
      requireCanonical(token);
      const jwt = findJwt(readKid(decoder.decode<{ header: unknown }>(token)?.header));
      // No options: with options, the library builds a new verifier for each call.
      const claims = jwt.verify<object>(token);
      // The library does not check the types of most claims. It also accepts a list of audiences.
      if (!areClaims(claims)) throw new InvalidTokenError('a claim is missing or of another type');
      const problem = findTimeProblem(claims);
      if (problem !== undefined) throw new InvalidTokenError(problem);
      return Object.freeze(withFactorLimit(claims, limit));
    } catch (error) {
      // The library throws errors of several kinds, for some dates a RangeError. Each refuses the token.
      if (error instanceof InvalidTokenError) throw error;
      throw new InvalidTokenError('refused by @fastify/jwt', { cause: error });
    }
  };
}

/**
 * Limits the level of a token that was issued before SECOND_FACTOR_FROM was set, or by a process that does
 * not have the setting yet.
 */
function withFactorLimit(claims: AccessTokenClaims, limit: FactorLimit | undefined): AccessTokenClaims {
  const limited = limitByFactors(claims.access, claims.acr ?? '1', limit);
  if (limited.access2 === undefined) return claims;
  return { ...claims, access: limited.access, access2: claims.access2 ?? limited.access2 };
}

const toSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
