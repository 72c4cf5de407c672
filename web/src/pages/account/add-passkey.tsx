import { useEffect, useRef, useState } from 'preact/hooks';
import { Field } from '../../components/field.tsx';
import { Form, type Values } from '../../components/form.tsx';
import { canUsePasskeys } from '../../lib/passkeys.ts';
import { useSettings } from '../../lib/settings.ts';
import { auth } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.passkeys.account;

interface AddPasskeyProps {
  /** Called with the recovery codes of an account that had none, which are shown only once. */
  readonly added: (recoveryCodes: readonly string[] | null) => void;
}

/** Adds a passkey. Where a first second factor raises the level, the service asks for a mailed code too. */
export function AddPasskey({ added }: AddPasskeyProps) {
  const { data: settings } = useSettings();
  // Ends the wait for the code: with it, or with nothing.
  const [give, setGive] = useState<(code: string | undefined) => void>();
  const section = useRef<HTMLElement>(null);
  const isAsked = give !== undefined;
  // What was pressed is gone, and one form takes the place of the other.
  useEffect(() => {
    if (!isAsked) return;
    const focus = (name: string) =>
      section.current?.querySelector<HTMLInputElement>(`input[name=${name}]`)?.focus();
    focus('mailCode');
    return () => focus('name');
  }, [isAsked]);

  const mailCode = () => new Promise<string | undefined>((resolve) => setGive(() => resolve));
  const send = async ({ name = '' }: Values) => {
    const named = name.trim() === '' ? {} : { name: name.trim() };
    const result = await auth.addPasskey({ ...named, mailCode }).finally(() => setGive(undefined));
    if (result.data !== undefined) added(result.data.recoveryCodes);
    return result;
  };

  if (settings === undefined) return null;
  if (!canUsePasskeys(settings)) return <p class="muted">{own.noPasskeys}</p>;
  return (
    <section ref={section} aria-labelledby="add-passkey">
      <h2 id="add-passkey">{own.addTitle}</h2>
      <div hidden={isAsked}>
        <Form submit={own.add} send={send} problemFields={{ 'too-many-passkeys': 'name' }}>
          <Field name="name" label={own.name} hint={own.nameHint} autocomplete="off" optional />
        </Form>
      </div>
      <div role="status">{isAsked && <p>{own.mailCode}</p>}</div>
      {give !== undefined && (
        <>
          <Form
            submit={own.mailCodeSubmit}
            send={async ({ mailCode = '' }) => {
              give(mailCode.replace(/\s/g, ''));
              return {};
            }}
          >
            <Field
              name="mailCode"
              label={texts.fields.code}
              hint={texts.passkeys.mailCode.hint}
              autocomplete="one-time-code"
              inputMode="numeric"
            />
          </Form>
          <button type="button" class="link" onClick={() => give(undefined)}>
            {own.cancel}
          </button>
        </>
      )}
    </section>
  );
}
