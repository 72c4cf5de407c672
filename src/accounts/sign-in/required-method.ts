import type { SignInMethod } from '../../config/index.ts';
import { Problem } from '../../problems/problem.ts';
import type { AccountsContext } from '../context.ts';

/** Checks that SIGN_IN_METHODS has a method. @throws {Problem} `sign-in-method-off` */
export function requireSignInMethod(
  { signInMethods }: Pick<AccountsContext, 'signInMethods'>,
  method: SignInMethod,
): void {
  if (!signInMethods.has(method)) throw new Problem('sign-in-method-off');
}
