import { createClient } from '@latchkey/client';
import { useSyncExternalStore } from 'react';

export const auth = createClient({
  baseUrl: import.meta.env.VITE_LATCHKEY_URL ?? 'http://localhost:3000',
  reauthenticate: async () => {
    const password = window.prompt('Your password, please, once more');
    return password !== null && (await auth.reauthenticate({ password })).error === undefined;
  },
});

/** The state of the sign-in: the component renders again when it changes, in this tab or in another one. */
export const useAuth = () => useSyncExternalStore(auth.onChange, () => auth.state);
