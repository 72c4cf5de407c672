import { API_KEY_PREFIX } from './api-key.ts';
import type { ApiKeys } from './api-keys.ts';
import type { Clocks } from './clocks.ts';
import type { Authorization } from './header.ts';
import { type Keys, MissingKeyError } from './keys.ts';
import type { KnownKey } from './known-key.ts';
import type { Levels, Minimum } from './levels.ts';
import type { Refusals } from './refusals.ts';
import type { Caller, Rule } from './rule.ts';
import { CLOCK_TOLERANCE_SECONDS, type GuardState, type Standing } from './state.ts';
import { type Verified, VerifiedTokens } from './verified-tokens.ts';

/** RFC 6750 section 2.1. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
const SCHEME = 'Bearer ';

/**
 * Copies a key that is a part of a longer header: JavaScript engines keep the whole header in memory for as
 * long as the part of it, and a header of blanks can have 16 KB.
 */
function copyOf(key: string, header: string): string {
  return header.length > SCHEME.length + key.length ? [...key].join('') : key;
}

interface Parts {
  readonly clocks: Clocks;
  readonly keys: Keys;
  readonly apiKeys: ApiKeys;
  readonly levels: Levels;
  readonly state: GuardState;
  readonly refusals: Refusals;
}

/** Checks requests with what the guard knows. */
export class Checker {
  readonly #parts: Parts;
  readonly #tokens = new VerifiedTokens();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Checks a request. It answers at once for a token or an API key that was accepted before.
   *
   * @param authorization the header `Authorization`
   * @throws {GuardProblem} with the answer to be sent
   */
  check(authorization: Authorization, rule: Rule): Caller | Promise<Caller> {
    const { state, refusals } = this.#parts;
    if (!state.isOpen) throw refusals.notReady();
    const header = this.#requireOne(authorization);
    const known = this.#tokens.get(header);
    if (known !== undefined) return this.#decide(known, this.#requireValid(known), rule);
    const credential = BEARER.exec(header)?.[1];
    if (credential?.startsWith(API_KEY_PREFIX)) return this.#checkKey(copyOf(credential, header), rule);
    if (credential !== undefined) return this.#verify(header, credential, rule);
    throw /^bearer(?: |$)/i.test(header) ? refusals.invalidRequest() : refusals.authenticationRequired();
  }

  /** @throws {GuardProblem} without a header, and for a second one (RFC 6750 section 2) */
  #requireOne(authorization: Authorization): string {
    if (typeof authorization === 'string') return authorization;
    const [first, second] = authorization ?? [];
    if (second !== undefined) throw this.#parts.refusals.invalidRequest();
    if (first === undefined) throw this.#parts.refusals.authenticationRequired();
    return first;
  }

  async #verify(header: string, token: string, rule: Rule): Promise<Caller> {
    const { keys, state, refusals, clocks } = this.#parts;
    const verified = await keys.verify(token, clocks.wall()).catch((error: unknown) => {
      // The token may be good.
      const isNamed = error instanceof MissingKeyError && state.names(error.kid);
      throw isNamed ? refusals.notReady(error) : refusals.invalidToken(error);
    });
    // It may have closed meanwhile.
    if (!state.isOpen) throw refusals.notReady();
    const standing = this.#requireValid(verified);
    // After more spaces than one, a token could fill the memory under many headers.
    if (header.length === SCHEME.length + token.length) this.#tokens.set(header, verified);
    return this.#decide(verified, standing, rule);
  }

  #requireValid({ claims, kid }: Verified): Standing {
    const { state, refusals } = this.#parts;
    if (!state.names(kid)) throw refusals.invalidToken('The key was withdrawn');
    const standing = state.standingOf(claims);
    if (standing === undefined) throw refusals.invalidToken('Expired or revoked');
    return standing;
  }

  #decide({ claims }: Verified, { access, access2 }: Standing, rule: Rule): Caller {
    const { refusals, clocks } = this.#parts;
    const { maxAge, factors } = rule;
    const required = this.#requiredLevel(rule.minimum);
    const seconds = clocks.wall() / 1_000;
    const age = seconds - claims.auth_time;
    const isStale = maxAge !== undefined && (age > maxAge || age < -CLOCK_TOLERANCE_SECONDS);
    const missingAge = isStale ? maxAge : undefined;
    if (access < required) {
      if (access2 !== undefined && access2 >= required) throw refusals.twoFactorsRequired(missingAge);
      throw refusals.accessDenied(required, access);
    }
    if (factors === 2 && claims.acr !== '2') throw refusals.twoFactorsRequired(missingAge);
    if (missingAge !== undefined) throw refusals.recentSignInRequired(missingAge);
    if (access === claims.access) return claims;
    return { ...claims, access, ...(access2 !== undefined && { access2 }) };
  }

  #checkKey(key: string, rule: Rule): Caller | Promise<Caller> {
    const found = this.#parts.apiKeys.find(key);
    return found === undefined ? this.#askForKey(key, rule) : this.#decideKey(found, rule);
  }

  async #askForKey(key: string, rule: Rule): Promise<Caller> {
    const { apiKeys, state, refusals } = this.#parts;
    const found = await apiKeys.ask(key).catch((error: unknown) => {
      throw refusals.notReady(error);
    });
    if (found === undefined || !state.isOpen) throw refusals.notReady();
    return this.#decideKey(found, rule);
  }

  /** A key has no recent sign-in and no factors. Those that stand for them do so for operations of Latchkey. */
  #decideKey(found: KnownKey | 'refused', { minimum, maxAge, factors, session, operation }: Rule): Caller {
    const { state, refusals, clocks } = this.#parts;
    if (found === 'refused') throw refusals.invalidKey();
    if (session === true) throw refusals.keyNotAllowed();
    if (!found.mayCall(operation)) throw refusals.operationNotAllowed(operation);
    const level = found.levelAt(clocks.wall() / 1_000);
    const access = found.answer.owner.service ? level : state.limitOneFactor(level);
    const required = this.#requiredLevel(minimum);
    if (access < required) throw refusals.accessDenied(required, access);
    if (factors === 2 || maxAge !== undefined) throw refusals.keyNotAllowed();
    return found.toCaller(access);
  }

  #requiredLevel(minimum: Minimum): number {
    const { levels, refusals } = this.#parts;
    try {
      return levels.numberOf(minimum);
    } catch (error) {
      // The issuer does not have this level: every client is refused.
      throw refusals.notReady(error);
    }
  }
}
