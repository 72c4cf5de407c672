/**
 * Tests the links in mails: what becomes of them in mail filters, and what the page of
 * docs/guides/registration-and-mail.md reads.
 */
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { type Api, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';
import { noteSecret } from '../secret-log.ts';

const FRONTEND_URL = 'https://app.example.com/a';

/** Asks for each mail with a token. @returns their links, by template */
async function linksOf(api: Api): Promise<Record<string, string>> {
  const { ask, person } = api;
  const [admin, user] = [await person(2), await person(1)];
  const addresses = ['registered@example.com', 'invited@example.com', 'changed@example.com', user.email];
  const [registered, invited, changed] = addresses;
  const asked = [
    await ask('POST', '/register', { body: { name: 'Ada', email: registered, password: PASSWORD } }),
    await ask('POST', '/invitations', { token: admin.token, body: { email: invited } }),
    await ask('PUT', '/me/email', { token: user.token, body: { email: changed } }),
    await ask('POST', '/password/forgot', { body: { email: user.email } }),
  ];
  t.strictSame(
    asked.map(({ status }) => status),
    [202, 201, 202, 202],
  );
  const links: Record<string, string> = {};
  for (const address of addresses) {
    for (const { template, values } of await waitingFor(api, address)) {
      noteSecret(values.token);
      links[template] = values.link!.replace(values.token!, 'TOKEN');
    }
  }
  return links;
}

t.test('The token is in the fragment of each link, unless MAIL_LINKS says otherwise', async (t) => {
  t.strictSame(await linksOf(await startApi(t, { ...NO_MAIL_SERVER, FRONTEND_URL })), {
    registration: `${FRONTEND_URL}/verify-email#token=TOKEN`,
    invitation: `${FRONTEND_URL}/accept-invitation#token=TOKEN`,
    'email-change': `${FRONTEND_URL}/verify-email#token=TOKEN`,
    'email-change-requested': `${FRONTEND_URL}/stop-email-change#token=TOKEN`,
    'password-reset': `${FRONTEND_URL}/reset-password#token=TOKEN`,
  });
});

t.test('With MAIL_LINKS=query the token is in the query of each link', async (t) => {
  t.strictSame(await linksOf(await startApi(t, { ...NO_MAIL_SERVER, FRONTEND_URL, MAIL_LINKS: 'query' })), {
    registration: `${FRONTEND_URL}/verify-email?token=TOKEN`,
    invitation: `${FRONTEND_URL}/accept-invitation?token=TOKEN`,
    'email-change': `${FRONTEND_URL}/verify-email?token=TOKEN`,
    'email-change-requested': `${FRONTEND_URL}/stop-email-change?token=TOKEN`,
    'password-reset': `${FRONTEND_URL}/reset-password?token=TOKEN`,
  });
});

const GUIDE = 'docs/guides/registration-and-mail.md';

/** The links that a filter makes of a link: Safe Links encodes the `#`, Mimecast drops what follows it. */
const filters = {
  'Safe Links': (link: string) => link.replace('#', '%23'),
  Mimecast: (link: string) => link.replace(/#.*/, ''),
};

/** The token that the page in the guide reads from a link. @returns it, and the address bar afterwards */
function open(link: string): { token: string | null; path: string | undefined } {
  const [, source] = /```js\n(const \{ hash[^`]*)```/.exec(readFileSync(GUIDE, 'utf8')) ?? [];
  let path: string | undefined;
  const history = { replaceState: (_state: null, _title: string, url: string) => (path = url) };
  const globals = { location: new URL(link), history, URLSearchParams };
  return { token: runInNewContext(`${source}\ntoken`, globals), path };
}

t.test('The page in the guide reads the token from both kinds of link and removes it', async (t) => {
  for (const separator of ['#', '?']) {
    const opened = open(`${FRONTEND_URL}/verify-email${separator}token=aB-_9`);
    t.strictSame(opened, { token: 'aB-_9', path: '/a/verify-email' });
  }
  t.equal(open(`${FRONTEND_URL}/verify-email`).token, null);
});

t.test('A token in the query comes through mail filters that lose the fragment', async (t) => {
  for (const [name, rewrite] of Object.entries(filters)) {
    t.equal(open(rewrite(`${FRONTEND_URL}/verify-email?token=aB-_9`)).token, 'aB-_9', name);
    t.equal(open(rewrite(`${FRONTEND_URL}/verify-email#token=aB-_9`)).token, null, name);
  }
});
