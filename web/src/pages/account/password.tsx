import { AccountPage } from '../../components/account-page.tsx';
import { Field, NewPasswordField } from '../../components/field.tsx';
import { Form, type Values } from '../../components/form.tsx';
import { Loaded } from '../../components/states.tsx';
import { useResource } from '../../lib/resource.ts';
import { useSettings } from '../../lib/settings.ts';
import { Link, navigate } from '../../router.tsx';
import { api } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.account.password;

/** Changes one's own password. All other sessions end. */
export function Password() {
  const me = useResource(() => api.GET('/me'));
  const settings = useSettings();
  const send = async ({ currentPassword = '', newPassword = '' }: Values) => {
    const result = await api.PUT('/me/password', { body: { currentPassword, newPassword } });
    if (result.data !== undefined) navigate('security', { notice: 'passwordChanged' });
    return result;
  };
  return (
    <AccountPage title={own.title} area="security" width="card">
      <p>{own.explain}</p>
      <Loaded resource={me}>
        {({ email }) => (
          <Form submit={own.submit} send={send} problemFields={{ 'wrong-password': 'currentPassword' }}>
            {/* For password managers: it says which entry the new password belongs to. */}
            <input type="text" autocomplete="username" value={email ?? ''} readOnly hidden />
            <Field
              name="currentPassword"
              label={own.current}
              type="password"
              autocomplete="current-password"
            />
            <NewPasswordField name="newPassword" minLength={settings.data?.passwordMinLength} />
          </Form>
        )}
      </Loaded>
      <nav class="links" aria-label={texts.account.back}>
        {settings.data?.mail && (
          <Link to="forgotPassword" email={me.data?.email ?? ''}>
            {own.forgot}
          </Link>
        )}
        <Link to="security">{texts.account.cancel}</Link>
      </nav>
    </AccountPage>
  );
}
