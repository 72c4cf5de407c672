import { exampleOf } from './check-environment.ts';
import { ConfigError, type Environment } from './environment.ts';
import type { PasskeyRules } from './passkeys.ts';

const methods = ['password', 'passkey', 'email'] as const;

/** A way to begin a sign-in. */
export type SignInMethod = (typeof methods)[number];

/**
 * Parses SIGN_IN_METHODS.
 *
 * @throws {ConfigError} when an entry is no method, or when there is none; for passkeys alone where there are
 *   none; for `email` where mails are dropped
 */
export function parseSignInMethods(
  { SIGN_IN_METHODS, SMTP_URL, NODE_ENV }: Environment,
  passkeys: PasskeyRules,
): ReadonlySet<SignInMethod> {
  const names = SIGN_IN_METHODS.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const wrong = names.find((name) => !isMethod(name));
  if (wrong !== undefined || names.length === 0)
    throw new ConfigError(
      `SIGN_IN_METHODS must be one or more of ${methods.join(', ')}, with commas between them ${exampleOf('SIGN_IN_METHODS')}`,
    );
  if (!passkeys.isOn && names.every((name) => name === 'passkey'))
    throw new ConfigError(
      `SIGN_IN_METHODS has passkeys alone, and there are none: ${passkeys.reason} ${exampleOf('SIGN_IN_METHODS')}`,
    );
  if (names.includes('email') && SMTP_URL === undefined && NODE_ENV === 'production')
    throw new ConfigError(
      `SMTP_URL is missing: SIGN_IN_METHODS has email, and without a mail server no code arrives ${exampleOf('SMTP_URL')}`,
    );
  return new Set(names.filter(isMethod));
}

/** Lists the ways to begin a sign-in that work: without a name that browsers take, there are no passkeys. */
export function availableMethods({
  signInMethods,
  passkeys,
}: {
  readonly signInMethods: ReadonlySet<SignInMethod>;
  readonly passkeys: { readonly isOn: boolean };
}): SignInMethod[] {
  return methods.filter((method) => signInMethods.has(method) && (method !== 'passkey' || passkeys.isOn));
}

function isMethod(name: string): name is SignInMethod {
  return methods.some((method) => method === name);
}
