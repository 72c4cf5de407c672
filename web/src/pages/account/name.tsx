import { AccountPage } from '../../components/account-page.tsx';
import { Field } from '../../components/field.tsx';
import { Form, type Values } from '../../components/form.tsx';
import { Loaded } from '../../components/states.tsx';
import { useResource } from '../../lib/resource.ts';
import { Link, navigate } from '../../router.tsx';
import { api } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.account.name;

/** Changes one's own name. */
export function Name() {
  const me = useResource(() => api.GET('/me'));
  const send = async ({ name = '' }: Values) => {
    const result = await api.PATCH('/me', { body: { name } });
    if (result.data !== undefined) navigate('home', { notice: 'nameSaved' });
    return result;
  };
  return (
    <AccountPage title={own.title} area="home" width="card">
      <Loaded resource={me}>
        {({ name }) => (
          <Form submit={own.submit} send={send}>
            <Field
              name="name"
              label={texts.fields.name}
              autocomplete="name"
              hint={own.explain}
              value={name}
            />
          </Form>
        )}
      </Loaded>
      <nav class="links" aria-label={texts.account.back}>
        <Link to="home">{texts.account.cancel}</Link>
      </nav>
    </AccountPage>
  );
}
