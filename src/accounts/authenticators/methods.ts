/**
 * The ways to prove who one is, as a session keeps them and the claim `amr` lists them (RFC 8176). `recovery`
 * is a value of this service.
 */
export type Method = 'pwd' | 'otp' | 'recovery';

const methods: ReadonlySet<string> = new Set<Method>(['pwd', 'otp', 'recovery']);
const firstFactors: ReadonlySet<string> = new Set<Method>(['pwd']);
const secondFactors: ReadonlySet<string> = new Set<Method>(['otp', 'recovery']);

/** Tells whether a stored word is a method. */
export function isMethod(word: string): word is Method {
  return methods.has(word);
}

/** Tells whether methods prove both factors. */
export function proveTwoFactors(methods: readonly string[]): boolean {
  return methods.some((one) => firstFactors.has(one)) && methods.some((one) => secondFactors.has(one));
}

/** Writes methods as Session.amr has them. */
export function joinMethods(methods: readonly string[]): string {
  return [...new Set(methods)].join(' ');
}

/**
 * Returns the claim `amr` of a session.
 *
 * @param amr of the row of the session
 * @param hasTwoFactors whether its second factor still counts. When it does not, only the first is left
 */
export function methodsOf(amr: string, hasTwoFactors: boolean): readonly string[] {
  const methods = amr.split(' ');
  return hasTwoFactors ? [...methods, 'mfa'] : methods.filter((one) => !secondFactors.has(one));
}
