import { canUsePasskeys } from '../lib/passkeys.ts';
import type { Settings } from '../lib/settings.ts';
import { texts } from '../texts.ts';
import { NewPasswordField } from './field.tsx';

const own = texts.passkeys.register;

/** What a new account signs in with. */
export type CredentialKind = 'password' | 'passkey';

interface CredentialFieldProps {
  readonly kind: CredentialKind;
  readonly minLength: number;
}

/** The part of a form for what a new account signs in with: the password, or what a passkey is. */
export function CredentialField({ kind, minLength }: CredentialFieldProps) {
  if (kind === 'password') return <NewPasswordField name="password" minLength={minLength} />;
  return <p class="hint">{own.explain}</p>;
}

interface OtherCredentialProps {
  readonly kind: CredentialKind;
  readonly settings: Settings;
  readonly choose: (kind: CredentialKind) => void;
}

/** Changes from a password to a passkey, and back, where both are on. What is typed stays. */
export function OtherCredential({ kind, settings, choose }: OtherCredentialProps) {
  const other = kind === 'password' ? 'passkey' : 'password';
  const isOn = other === 'passkey' ? canUsePasskeys(settings) : settings.signInMethods.includes('password');
  if (!isOn) return kind === 'passkey' && !canUsePasskeys(settings) ? <NoPasskeys /> : null;
  return (
    <button type="button" class="link" onClick={() => choose(other)}>
      {other === 'passkey' ? own.usePasskey : own.usePassword}
    </button>
  );
}

function NoPasskeys() {
  return <p class="muted">{texts.passkeys.signIn.noPasskeys}</p>;
}
