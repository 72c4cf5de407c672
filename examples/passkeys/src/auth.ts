import { createClient } from '@latchkey/client';
import { useCallback, useState, useSyncExternalStore } from 'react';

export const auth = createClient({
  baseUrl: import.meta.env.VITE_LATCHKEY_URL ?? 'http://localhost:3000',
  // Adding and removing a passkey need a sign-in of the last 15 minutes. The request waits for this.
  reauthenticate: async () => (await auth.reauthenticateWithPasskey()).error === undefined,
});

/** The state of the sign-in: the component renders again when it changes, in this tab or in another one. */
export const useAuth = () => useSyncExternalStore(auth.onChange, () => auth.state);

/** The end of a request: problems and the errors of passkeys have a `detail`. */
export interface Outcome {
  readonly error?: { readonly detail: string };
  readonly text?: string;
}

/** Waits for requests, and says how the last one has ended. */
export function useMessage() {
  const [message, setMessage] = useState('');
  const run = useCallback(async (request: Promise<Outcome>) => {
    const away = { error: { detail: 'The service cannot be reached.' } };
    const { error, text = '' } = await request.catch((): Outcome => away);
    setMessage(error?.detail ?? text);
  }, []);
  return { message, run };
}

/** Says what to do with the recovery codes of an answer, which is the only one that has them. */
export const keep = (codes: readonly string[] | null | undefined) =>
  codes ? `Keep these recovery codes, for when all passkeys are lost: ${codes.join(', ')}` : '';
