import { isProblem } from '@latchkey/client';
import { type SubmitEvent, useEffect } from 'react';
import { auth, keep, useMessage } from './auth.ts';

// The token of a mail leaves the address bar at once.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token !== null) history.replaceState(null, '', '/');

/** Reads the fields of a form. */
function read(event: SubmitEvent<HTMLFormElement>): (name: string) => string {
  event.preventDefault();
  const form = new FormData(event.currentTarget);
  return (name) => String(form.get(name));
}

/** Sign-in and registration. The browser lists the passkeys in the field of the address, too. */
export function SignIn() {
  const { message, run } = useMessage();

  useEffect(() => {
    const stop = new AbortController();
    const list = auth.signInWithPasskey({ mediation: 'conditional', signal: stop.signal });
    // A browser without such a list, or a list that has ended, is no failure.
    void run(list.then(({ error }) => (isProblem(error) ? { error } : {})));
    return () => stop.abort();
  }, [run]);

  const signIn = async (text: (name: string) => string) => {
    const result = await auth.signIn({ email: text('email'), password: text('password') });
    const { error } = result;
    return isProblem(error, 'second-factor-required') ? auth.provideSecondFactorWithPasskey(error) : result;
  };
  const register = async (text: (name: string) => string) => {
    const { data, error } = await auth.registerWithPasskey({ name: text('name'), email: text('email') });
    if (data === undefined) return { error };
    return { text: 'detail' in data ? data.detail : keep(data.recoveryCodes) };
  };
  const verify = async (token: string) => {
    const { data, error } = await auth.verifyWithPasskey(token);
    return data === undefined ? { error } : { text: `You can sign in now. ${keep(data.recoveryCodes)}` };
  };

  return (
    <>
      {token !== null && (
        <button type="button" onClick={() => run(verify(token))}>
          Confirm your address
        </button>
      )}
      <form aria-label="Sign in" onSubmit={(event) => run(signIn(read(event)))}>
        <input name="email" type="email" required aria-label="Email" autoComplete="username webauthn" />{' '}
        <input name="password" type="password" aria-label="Password" autoComplete="current-password" />{' '}
        <button type="submit">Sign in</button>{' '}
        <button type="button" onClick={() => run(auth.signInWithPasskey())}>
          Sign in with a passkey
        </button>
      </form>
      <form aria-label="Register" onSubmit={(event) => run(register(read(event)))}>
        <input name="name" required aria-label="Name" autoComplete="name" />{' '}
        <input name="email" type="email" required aria-label="Email" autoComplete="email" />{' '}
        <button type="submit">Register with a passkey</button>
      </form>
      <p role="alert">{message}</p>
    </>
  );
}
