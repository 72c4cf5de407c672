import { isProblem } from '@latchkey/client';
import { type ComponentProps, type SubmitEvent, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { auth, useAuth } from './auth.ts';
import { Users } from './users.tsx';

const Field = ({ label, ...input }: ComponentProps<'input'> & { label: string }) => (
  <label>
    {label} <input required {...input} />
  </label>
);

function SignIn() {
  const [message, setMessage] = useState('');
  const [challenge, setChallenge] = useState<string>();
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '');
    const { error } =
      challenge === undefined
        ? await auth.signIn({ email: text('email'), password: text('password') })
        : await auth.provideSecondFactor({ challenge, code: text('code') });
    if (isProblem(error, 'second-factor-required')) setChallenge(error.challenge);
    else if (isProblem(error, 'challenge-invalid')) setChallenge(undefined);
    setMessage(isProblem(error, 'second-factor-required') ? '' : (error?.detail ?? ''));
  };
  return (
    <form onSubmit={submit}>
      {challenge === undefined ? (
        <>
          <Field label="Email" name="email" type="email" autoComplete="username" />
          <Field label="Password" name="password" type="password" autoComplete="current-password" />
        </>
      ) : (
        <Field label="Code" name="code" inputMode="numeric" autoComplete="one-time-code" />
      )}
      <button type="submit">Sign in</button>
      <p role="alert">{message}</p>
    </form>
  );
}

function ControlPanel() {
  const { access } = useAuth();
  const [text, setText] = useState('');
  // What was shown to another level is no longer true.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it runs when the level changes
  useEffect(() => setText(''), [access]);
  const open = async () => {
    const { data, error } = await auth.api.GET('/control-panel');
    if (data !== undefined) setText(`${data.users.total} users, ${data.activeSessions} sessions`);
    else if (isProblem(error, 'access-denied'))
      setText(`${error.detail} It needs level ${error.required}, and yours is ${error.actual}.`);
    else setText(error.detail);
  };
  return (
    <section>
      <button type="button" onClick={open}>
        Control panel
      </button>
      {auth.can('getControlPanel') ? ' you are an admin' : ' for admins'}
      <p role="status">{text}</p>
    </section>
  );
}

function App() {
  const { signedIn, access, userId } = useAuth();
  if (!signedIn) return <SignIn />;
  return (
    <>
      <header>
        Level <output>{access}</output>{' '}
        <button type="button" onClick={() => auth.signOut()}>
          Sign out
        </button>
      </header>
      <ControlPanel />
      <Users key={userId} />
    </>
  );
}

await auth.ready;
createRoot(document.getElementById('root') ?? document.body).render(<App />);
