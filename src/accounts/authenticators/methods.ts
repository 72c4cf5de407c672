/**
 * The ways to prove who one is, as a session keeps them and the claim `amr` lists them (RFC 8176). `recovery`
 * and `email` are values of this service. A passkey is `swk` when it may be copied to other devices, else
 * `pop`; `user` says that it has verified its user.
 */
export type Method = 'pwd' | 'email' | 'otp' | 'recovery' | 'swk' | 'pop' | 'user';

const firstFactors: ReadonlySet<string> = new Set<Method>(['pwd', 'email']);
const secondFactors: ReadonlySet<string> = new Set<Method>(['otp', 'recovery', 'swk', 'pop', 'user']);

/** Tells whether a stored word is a method. */
export function isMethod(word: string): word is Method {
  return firstFactors.has(word) || secondFactors.has(word);
}

/** Tells whether methods prove both factors. A passkey that has verified its user does so alone. */
export function proveTwoFactors(methods: readonly string[]): boolean {
  if (methods.includes('user')) return true;
  return methods.some((one) => firstFactors.has(one)) && methods.some((one) => secondFactors.has(one));
}

/** Tells whether methods prove the first factor: something that a second one can be added to. */
export function proveFirstFactor(methods: readonly string[]): boolean {
  return methods.some((one) => firstFactors.has(one));
}

/** Writes methods as Session.amr has them. */
export function joinMethods(methods: readonly string[]): string {
  return [...new Set(methods)].join(' ');
}

/**
 * Returns the claim `amr` of a session.
 *
 * @param amr of the row of the session
 * @param hasTwoFactors whether its second factor still counts. When it does not, only the first is left: of a
 *   passkey, that the user has the device
 */
export function methodsOf(amr: string, hasTwoFactors: boolean): readonly string[] {
  const methods = amr.split(' ');
  if (hasTwoFactors) return [...methods, 'mfa'];
  const first = methods.filter((one) => firstFactors.has(one));
  return first.length > 0 ? first : methods.filter((one) => one === 'swk' || one === 'pop');
}
