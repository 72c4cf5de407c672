import { useState } from 'preact/hooks';
import { AccountPage } from '../../components/account-page.tsx';
import { Field } from '../../components/field.tsx';
import { Form, type Values } from '../../components/form.tsx';
import { Loaded } from '../../components/states.tsx';
import { useResource } from '../../lib/resource.ts';
import { useSettings } from '../../lib/settings.ts';
import { Link } from '../../router.tsx';
import { api } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.account.email;

/** Asks for another address: it counts when the link of the mail is opened and confirmed. */
export function Email() {
  const me = useResource(() => api.GET('/me'));
  const settings = useSettings();
  const [sentTo, setSentTo] = useState<string>();
  const send = async ({ email = '' }: Values, key: string) => {
    const result = await api.PUT('/me/email', {
      body: { email },
      params: { header: { 'idempotency-key': key } },
    });
    if (result.error === undefined) setSentTo(email);
    return result;
  };
  return (
    <AccountPage title={sentTo === undefined ? own.title : own.sentTitle} area="home" width="card">
      <Loaded resource={me}>
        {({ email }) => (
          <Loaded resource={settings}>
            {({ mail }) => {
              if (sentTo !== undefined) return <Sent to={sentTo} from={email ?? ''} />;
              return (
                <>
                  <p>
                    {own.now} <bdi class="value">{email}</bdi>.
                  </p>
                  {mail ? (
                    <Form submit={own.submit} send={send}>
                      <Field
                        name="email"
                        label={own.field}
                        type="email"
                        autocomplete="email"
                        hint={own.explain}
                      />
                    </Form>
                  ) : (
                    <p>{own.noMail}</p>
                  )}
                </>
              );
            }}
          </Loaded>
        )}
      </Loaded>
      <nav class="links" aria-label={texts.account.back}>
        {sentTo !== undefined && (
          <button type="button" class="link" onClick={() => setSentTo(undefined)}>
            {own.again}
          </button>
        )}
        <Link to="home">{sentTo === undefined ? texts.account.cancel : texts.account.nav.home}</Link>
      </nav>
    </AccountPage>
  );
}

function Sent({ to, from }: { readonly to: string; readonly from: string }) {
  return (
    <>
      <p>
        {own.sentTo} <bdi class="value">{to}</bdi>.
      </p>
      <p>{own.open}</p>
      <p>
        <bdi class="value">{from}</bdi> {own.stop}
      </p>
      <p class="muted">{texts.checkMail.nothing}</p>
    </>
  );
}
