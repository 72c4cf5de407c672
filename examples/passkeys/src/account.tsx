import type { components } from '@latchkey/client';
import { type SubmitEvent, useCallback, useEffect, useState } from 'react';
import { auth, keep, type Outcome, useMessage } from './auth.ts';

type Passkey = components['schemas']['Passkey'];

/** The user's passkeys: to add one, to rename it and to remove it. */
export function Account() {
  const [passkeys, setPasskeys] = useState<readonly Passkey[]>([]);
  const { message, run } = useMessage();

  /** Loads the passkeys again after a change. */
  const load = useCallback(async (outcome: Outcome): Promise<Outcome> => {
    if (outcome.error !== undefined) return outcome;
    const { data, error } = await auth.api.GET('/me/authenticators');
    if (data === undefined) return { error };
    setPasskeys(data.passkeys);
    return outcome;
  }, []);
  useEffect(() => void run(load({})), [load, run]);

  const add = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name'));
    const mailCode = async () => window.prompt('The code of the mail') ?? undefined;
    const { data, error } = await auth.addPasskey({ name, mailCode });
    return load(data === undefined ? { error } : { text: keep(data.recoveryCodes) });
  };
  const rename = async ({ id, name: old }: Passkey) => {
    const name = window.prompt('Name of the passkey', old) ?? old;
    return load(await auth.api.PATCH('/me/passkeys/{id}', { params: { path: { id } }, body: { name } }));
  };
  const remove = async ({ id }: Passkey) =>
    load(await auth.api.DELETE('/me/passkeys/{id}', { params: { path: { id } } }));

  return (
    <section>
      <ul>
        {passkeys.map((passkey) => (
          <li key={passkey.id}>
            {passkey.name}{' '}
            <button type="button" onClick={() => run(rename(passkey))}>
              Rename
            </button>{' '}
            <button type="button" onClick={() => run(remove(passkey))}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={(event) => run(add(event))}>
        <input name="name" required aria-label="Name of the passkey" placeholder="My laptop" />{' '}
        <button type="submit">Add a passkey</button>
      </form>
      <p role="alert">{message}</p>
    </section>
  );
}
