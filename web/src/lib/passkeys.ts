import { isProblem } from '@latchkey/client';
import { useEffect, useState } from 'preact/hooks';
import { auth } from '../session.ts';
import { describeError } from './problems.ts';
import type { Settings } from './settings.ts';

/** Tells whether passkeys can be used: whether the service takes them, and the browser has them here. */
export function canUsePasskeys(settings: Pick<Settings, 'signInMethods'> | undefined): boolean {
  return (settings?.signInMethods.includes('passkey') ?? false) && auth.passkeysAvailable();
}

/**
 * Has the browser list the passkeys in the field with the token `webauthn`, while the component is shown. The
 * client renews the challenge before it ends. A choice signs in.
 *
 * @returns what is wrong with the passkey that was chosen last
 */
export function usePasskeyList(isOn: boolean): string | undefined {
  const [refused, setRefused] = useState<{ readonly text: string }>();
  useEffect(() => {
    if (!isOn) return;
    const stop = new AbortController();
    auth
      .signInWithPasskey({ mediation: 'conditional', signal: stop.signal })
      .then(({ error }) => {
        // A passkey was refused: the browser lists them again. Another error would come again.
        if (isProblem(error, 'passkey-not-accepted')) setRefused({ text: describeError(error) });
      })
      .catch(() => {});
    return () => stop.abort();
  }, [isOn, refused]);
  return refused?.text;
}
