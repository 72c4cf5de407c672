import { useState } from 'preact/hooks';
import { ConsolePage } from '../components/console-page.tsx';
import { Field } from '../components/field.tsx';
import { Form, type Values } from '../components/form.tsx';
import { LevelSelect } from '../components/level-fields.tsx';
import { Loaded } from '../components/states.tsx';
import { toAccess } from '../lib/levels.ts';
import { useSettings } from '../lib/settings.ts';
import { Link, useLocation } from '../router.tsx';
import { api } from '../session.ts';
import { texts } from '../texts.ts';

const own = texts.invite;

/** An invitation that was made. Without a mail server it has a link, which the admin hands over. */
interface Made {
  readonly email: string;
  readonly link?: string;
}

/** Invites a person: by mail, or by a link to hand over. */
export function Invite() {
  const [made, setMade] = useState<Made>();
  const title = made === undefined ? own.title : made.link === undefined ? own.sentTitle : own.linkTitle;
  return (
    <ConsolePage title={title} screen="invitations">
      {made === undefined ? (
        <Invitation setMade={setMade} />
      ) : (
        <Invited made={made} again={() => setMade(undefined)} />
      )}
      <nav class="links">
        <Link to="invitations">{own.back}</Link>
      </nav>
    </ConsolePage>
  );
}

function Invitation({ setMade }: { readonly setMade: (made: Made) => void }) {
  const settings = useSettings();
  // An invitation that was taken back can be made again.
  const { email: before } = useLocation();

  const mail = async (values: Values, key: string) => {
    const params = { header: { 'idempotency-key': key } };
    const { name = '', ...offer } = toOffer(values);
    const body = { ...offer, ...(name !== '' && { name }) };
    const result = await api.POST('/invitations', { body, params });
    if (result.data !== undefined) setMade({ email: result.data.email });
    return result;
  };
  const makeLink = async (values: Values) => {
    const offer = toOffer(values);
    const result = await api.POST('/users', { body: offer });
    if (result.data !== undefined && 'link' in result.data)
      setMade({ email: offer.email, link: result.data.link });
    return result;
  };

  return (
    <Loaded resource={settings}>
      {({ mail: hasMail }) => (
        <>
          <p>{hasMail ? own.explain : own.explainLink}</p>
          <Form
            submit={hasMail ? own.submit : own.submitLink}
            send={hasMail ? mail : makeLink}
            problemFields={{
              'email-taken': 'email',
              'invitation-exists': 'email',
              'access-denied': 'access',
            }}
          >
            <Field
              name="email"
              label={texts.fields.email}
              type="email"
              autocomplete="off"
              value={before}
              maxLength={254}
            />
            <Field
              name="name"
              label={texts.fields.name}
              autocomplete="off"
              maxLength={100}
              optional={hasMail}
              {...(hasMail && { hint: own.nameHint })}
            />
            <LevelSelect value={undefined} none={own.levelOfNewUsers} />
          </Form>
        </>
      )}
    </Loaded>
  );
}

/** Turns the values of the form into the account that is offered. */
function toOffer({ name = '', email = '', access = '' }: Values) {
  const level = toAccess(access);
  return { name, email, ...(level !== undefined && { access: level }) };
}

function Invited({ made: { email, link }, again }: { readonly made: Made; readonly again: () => void }) {
  return (
    <>
      <p>
        {link === undefined ? own.sentTo : own.linkFor} <bdi class="value">{email}</bdi>
      </p>
      {link !== undefined && (
        <p>
          <code class="link-text">{link}</code>
        </p>
      )}
      <p>{own.next}</p>
      <button type="button" class="button" onClick={again}>
        {own.another}
      </button>
    </>
  );
}
