import type { Claims } from './claims.ts';
import type { Minimum } from './levels.ts';

/** The conditions of a route. */
export interface Rule {
  /** The name of a level; a number where the levels are pinned. */
  readonly minimum: Minimum;
  /** Seconds that may have passed since the sign-in (RFC 9470). No API key has one. */
  readonly maxAge?: number | undefined;
  /** Number of factors that the session needs: 1 by default. No API key has two. */
  readonly factors?: 1 | 2 | undefined;
  /** True for a session alone: an API key is refused. */
  readonly session?: boolean | undefined;
  /**
   * An operation of Latchkey that opens this route to the API keys that list it. Keys that list operations are
   * refused without it, because these are operations of Latchkey and not of this service.
   */
  readonly operation?: string | undefined;
}

/** A program with an API key. */
export interface KeyCaller {
  /** Id of the owner: a user or a service account. */
  readonly sub: string;
  /** Id of the API key. */
  readonly key: string;
  /** The level that counts at this moment. */
  readonly access: number;
  /** The most that the key may do. */
  readonly cap: number;
  /** Generation of the owner. */
  readonly gen: number;
  /** Operations of Latchkey that the key may call; `*` for all. */
  readonly operations: readonly string[];
  /** True where the owner is a service account. */
  readonly service: boolean;
  /** When the key expires, in seconds since 1970. */
  readonly exp: number;
}

/**
 * The caller, with the level that counts at this moment: the claims of an access token, or an API key
 * (`'key' in caller`).
 */
export type Caller = Claims | KeyCaller;
