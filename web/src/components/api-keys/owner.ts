import type { components, paths } from '@latchkey/client';
import type { Level } from '../../lib/levels.ts';
import type { Operation } from '../../lib/operations.ts';

export type ApiKey = components['schemas']['ApiKey'];
export type NewApiKey = components['schemas']['NewApiKey'];
export type WantedKey = paths['/me/api-keys']['post']['requestBody']['content']['application/json'];

/** What `api` resolves with. */
interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response?: Response;
}

/** Who has keys: the reader or a service account, and the requests about its keys. */
export interface KeyOwner {
  readonly kind: 'person' | 'service';
  readonly list: () => Promise<Answer<{ readonly apiKeys: readonly ApiKey[] }>>;
  readonly make: (wanted: WantedKey) => Promise<Answer<NewApiKey>>;
  readonly end: (id: string) => Promise<Answer<unknown>>;
}

/** What a key of an owner can be. */
export interface KeyChoices {
  /** The levels that it can have, ascending. */
  readonly levels: readonly Level[];
  /** Says what limits the levels. */
  readonly hint: string;
  /** The lowest level whose keys have to list their operations. */
  readonly adminAccess: number;
  /** The operations that a key of the owner can call. */
  readonly operations: readonly Operation[];
}

/**
 * Finds the operations that a key can call. What always asks for a recent sign-in or for two factors is open
 * to the keys of service accounts alone, which name it.
 */
export function callableBy(kind: KeyOwner['kind'], operations: readonly Operation[]): Operation[] {
  return operations.filter(
    ({ session, minimum, maxAge, factors }) =>
      !session && minimum !== null && (kind === 'service' || (maxAge === null && factors === 1)),
  );
}
