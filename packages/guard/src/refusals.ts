import { GuardProblem, type GuardSlug, type ProblemOptions } from './problem.ts';

/** Makes the problems of one guard, with their header fields (RFC 6750 section 3, RFC 9470, RFC 9728). */
export class Refusals {
  readonly #issuer: string;
  readonly #metadata: string;

  /** @param resource URL of the service that is guarded */
  constructor(issuer: string, resource: string | undefined) {
    this.#issuer = issuer;
    this.#metadata = resource === undefined ? '' : `resource_metadata="${metadataUrl(resource)}"`;
  }

  authenticationRequired(): GuardProblem {
    return this.#challenge('authentication-required');
  }

  invalidRequest(): GuardProblem {
    return this.#challenge('invalid-request', ['error="invalid_request"']);
  }

  /** @param cause for the log only */
  invalidToken(cause: unknown): GuardProblem {
    return this.#challenge('invalid-token', ['error="invalid_token"'], { cause });
  }

  invalidKey(): GuardProblem {
    const detail = 'The API key is unknown, expired or ended, or its owner is disabled. Make another one.';
    return this.#challenge('invalid-token', ['error="invalid_token"'], { detail });
  }

  keyNotAllowed(): GuardProblem {
    return this.#challenge('key-not-allowed', ['error="insufficient_scope"']);
  }

  /** @param operation that the route declares */
  operationNotAllowed(operation: string | undefined): GuardProblem {
    const detail = `The API key does not list the operation \`${operation}\`. Make a key that lists it.`;
    return this.#challenge('operation-not-allowed', ['error="insufficient_scope"'], {
      operation,
      ...(operation !== undefined && { detail }),
    });
  }

  accessDenied(required: number, actual: number): GuardProblem {
    return this.#challenge('access-denied', ['error="insufficient_scope"'], { required, actual });
  }

  /** @param maxAge where the sign-in is too long ago, too */
  twoFactorsRequired(maxAge: number | undefined): GuardProblem {
    return this.#challenge('two-factors-required', [
      'error="insufficient_user_authentication"',
      'error_description="A second factor is required"',
      'acr_values="2"',
      ...(maxAge === undefined ? [] : [`max_age=${maxAge}`]),
    ]);
  }

  recentSignInRequired(maxAge: number): GuardProblem {
    return this.#challenge('recent-sign-in-required', [
      'error="insufficient_user_authentication"',
      'error_description="A more recent sign-in is required"',
      `max_age=${maxAge}`,
    ]);
  }

  notReady(cause?: unknown): GuardProblem {
    return new GuardProblem('not-ready', { issuer: this.#issuer, headers: { 'retry-after': '1' }, cause });
  }

  #challenge(
    slug: GuardSlug,
    parameters: readonly string[] = [],
    more: Omit<ProblemOptions, 'issuer' | 'headers'> = {},
  ): GuardProblem {
    const all = ['realm="latchkey"', ...parameters, ...(this.#metadata === '' ? [] : [this.#metadata])];
    const headers = { 'www-authenticate': `Bearer ${all.join(', ')}` };
    return new GuardProblem(slug, { issuer: this.#issuer, headers, ...more });
  }
}

/** The URL of the metadata of a protected resource: a path of the resource comes last (RFC 9728 section 3.1). */
export function metadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}

/** The metadata of a protected resource (RFC 9728 section 2). */
export function metadataOf(resource: string, issuer: string) {
  return { resource, authorization_servers: [issuer], bearer_methods_supported: ['header'] };
}
