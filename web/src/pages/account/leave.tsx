import { useState } from 'preact/hooks';
import { AccountPage } from '../../components/account-page.tsx';
import { Field } from '../../components/field.tsx';
import { Form, type Values } from '../../components/form.tsx';
import { Notice } from '../../components/notice.tsx';
import { Loaded } from '../../components/states.tsx';
import { useResource } from '../../lib/resource.ts';
import { Link, navigate } from '../../router.tsx';
import { api, signOut } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.account.leave;

/** Deletes one's own account, after its address was typed. */
export function Leave() {
  const me = useResource(() => api.GET('/me'));
  const [isMismatch, setMismatch] = useState(false);
  const leave = async (email: string | null, { confirmation = '' }: Values) => {
    const isSame = confirmation.trim().toLowerCase() === email?.toLowerCase();
    setMismatch(!isSame);
    if (!isSame) return {};
    const result = await api.DELETE('/me', { body: {} });
    if (result.error !== undefined) return result;
    // The session is gone; its cookie goes too.
    await signOut();
    navigate('signIn', { notice: 'accountDeleted', replace: true });
    return result;
  };
  return (
    <AccountPage title={own.title} area="home" width="card">
      <Loaded resource={me}>
        {({ email }) => (
          <>
            <p>{own.explain}</p>
            <p>
              {own.confirm} <bdi class="value">{email}</bdi>
            </p>
            <div role="alert">{isMismatch && <Notice tone="error">{own.mismatch}</Notice>}</div>
            <Form submit={own.submit} tone="danger" send={(values) => leave(email, values)}>
              <Field name="confirmation" label={texts.fields.email} autocomplete="off" />
            </Form>
          </>
        )}
      </Loaded>
      <nav class="links" aria-label={texts.account.back}>
        <Link to="home">{texts.account.cancel}</Link>
      </nav>
    </AccountPage>
  );
}
