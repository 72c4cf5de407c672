/** Links of mails that open an app: FRONTEND_URL with the scheme of an app. */
import t from 'tap';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';

/** Causes each kind of mail that needs no mail before it. @returns the links, by template */
async function linksOf(api: Api): Promise<Record<string, string | undefined>> {
  const { ask, person } = api;
  const admin = await person(2);
  const ada = await person(1);
  const newcomer = 'new@example.com';
  const moved = 'moved@example.com';
  const invitee = 'grace@example.com';
  const register = (email: string) =>
    ask('POST', '/register', { body: { name: 'Ada', email, password: PASSWORD } });
  const answers = [
    await register(newcomer),
    await register(ada.email),
    await ask('POST', '/invitations', { token: admin.token, body: { email: invitee } }),
    await ask('POST', '/password/forgot', { body: { email: ada.email } }),
    await ask('PUT', '/me/email', { token: ada.token, body: { email: moved } }),
    await ask('PATCH', `/users/${ada.id}`, { token: admin.token, body: { access: 0 } }),
  ];
  for (const { status, text } of answers) t.ok(status < 300, text);
  const mails = await Promise.all(
    [newcomer, ada.email, invitee, moved].map((email) => waitingFor(api, email)),
  );
  return Object.fromEntries(
    mails
      .flat()
      .map(({ template, values }) => [template, values.link?.replace(/#token=[\w-]{43}$/, '#token')]),
  );
}

for (const [frontend, base] of [
  ['myapp://', 'myapp://'],
  ['com.example.app://account/links', 'com.example.app://account/links/'],
] as const)
  t.test(`With ${frontend} as FRONTEND_URL, the links of all mails open the app`, async (t) => {
    const api = await startApi(t, { ...NO_MAIL_SERVER, FRONTEND_URL: frontend });
    t.strictSame(await linksOf(api), {
      registration: `${base}verify-email#token`,
      'account-exists': frontend,
      invitation: `${base}accept-invitation#token`,
      'password-reset': `${base}reset-password#token`,
      'email-change': `${base}verify-email#token`,
      'email-change-requested': `${base}stop-email-change#token`,
      'access-changed': frontend,
    });
  });
