import { navigate } from '../router.tsx';
import { auth } from '../session.ts';

/**
 * Signs in to an account that was just made. Where that is refused, the sign-in page goes on: the account is
 * there in any case.
 */
export async function signInWith(credentials: { email: string; password: string }): Promise<void> {
  const { error } = await auth.signIn(credentials).catch((error: unknown) => ({ error }));
  if (error === undefined) navigate('home', { replace: true });
  else navigate('signIn', { notice: 'accountMade', email: credentials.email, replace: true });
}
