import { NewPasswordField } from '../components/field.tsx';
import { Form } from '../components/form.tsx';
import { MailLink } from '../components/mail-link.tsx';
import { Page } from '../components/page.tsx';
import { Loaded } from '../components/states.tsx';
import { useSettings } from '../lib/settings.ts';
import { navigate } from '../router.tsx';
import { api, signOut } from '../session.ts';
import { texts } from '../texts.ts';

const own = texts.resetPassword;

/** Sets a new password, with the token of a mail. */
export function ResetPassword() {
  const settings = useSettings();
  return (
    <MailLink page="resetPassword">
      {(use) => (
        <Page title={own.title}>
          <p>{own.explain}</p>
          <Loaded resource={settings}>
            {({ passwordMinLength }) => (
              <Form
                submit={own.submit}
                send={use(async (token, { newPassword = '' }) => {
                  const result = await api.POST('/password/reset', { body: { token, newPassword } });
                  if (result.error !== undefined) return result;
                  // Every session has ended, the one of this browser too.
                  await signOut();
                  navigate('signIn', { notice: 'passwordSet', replace: true });
                  return result;
                })}
              >
                <NewPasswordField name="newPassword" minLength={passwordMinLength} />
              </Form>
            )}
          </Loaded>
        </Page>
      )}
    </MailLink>
  );
}
