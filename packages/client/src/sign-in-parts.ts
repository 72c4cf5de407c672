import type { Client as Api } from 'openapi-fetch';
import type { components, paths } from './schema.ts';

/** The parts of a client that each way to sign in needs. */
export interface SignInParts {
  /** Resolves when the tokens in the storage have been read. */
  readonly ready: Promise<void>;
  readonly api: Api<paths>;
  /** Sends requests without the token of the session of before. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** The kind of session to ask for, as a member of bodies. */
  readonly kind: { readonly session?: 'cookie' };
  /** Takes over the tokens of a sign-in. @returns the same result */
  readonly takeOver: <Result extends { readonly data?: components['schemas']['TokenPair'] }>(
    result: Result,
  ) => Promise<Result>;
  readonly isSignedIn: () => boolean;
}
