/**
 * The texts of the mails: those of this package and those of an operator.
 *
 * @runs once, on SQLite: the texts are files, and not in the database.
 */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { buildApp } from '#latchkey/app.ts';
import { ConfigError, parseConfig } from '#latchkey/config/index.ts';
import { templateNames } from '#latchkey/mail/template-names.ts';
import { Templates } from '#latchkey/mail/templates.ts';
import { environment, PASSWORD, startApi, type Teardown } from '../helper.ts';
import { startMailServer } from '../mail-server.ts';
import { noteSecret } from '../secret-log.ts';
import { until } from '../until.ts';

/** Makes a folder with templates of an operator. */
async function folderWith(t: Teardown, files: Record<string, string>): Promise<Record<string, string>> {
  const variables = await environment(t);
  await mkdir(join(variables.DATA_DIR!, 'templates'));
  for (const [name, text] of Object.entries(files))
    await writeFile(join(variables.DATA_DIR!, 'templates', name), text);
  return variables;
}

t.test('Each mail of this package has a subject, and the same content as text and as HTML', async (t) => {
  const templates = new Templates('/nowhere');
  const values = { link: 'https://app.example.com/#token=t', token: 'the-token', access: '<admin> & more' };
  for (const name of templateNames) {
    const { subject, text, html } = templates.render(name, values);
    t.match(subject, /^[A-Z][^{}]{5,60}$/, name);
    t.notMatch(text + html, /\{\{|undefined/, name);
    const page = html.replace(/^[\s\S]*<body[^>]*>|<[^>]+>/g, '').replace(/\s+/g, ' ');
    const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    t.equal(page.trim(), escaped.replace(/\s+/g, ' ').trim(), name);
    // People who are told to follow no link should get none: this mail has a code to type.
    if (name === 'sign-in-code') {
      t.notMatch(text + html, /href|:\/\//, name);
      continue;
    }
    t.match(text, values.link, name);
    t.match(html, `<a href="${values.link}">`, name);
    const appLink = 'myapp://reset-password#token=t';
    const mail = templates.render(name, { ...values, link: appLink });
    t.match(mail.text, new RegExp(`(^|\\s)${appLink}(\\s|$)`), name);
    t.match(mail.html, `<a href="${appLink}">${appLink}</a>`, name);
  }
  t.match(templates.render('access-changed', values).html, '&lt;admin&gt; &amp; more');
});

t.test('The files of an operator replace those of this package', async (t) => {
  const server = await startMailServer(t);
  const variables = await folderWith(t, { 'registration.txt': 'Subject: Hallo\r\n\r\nHier: {{link}}\r\n' });
  const { ask } = await startApi(t, { ...variables, SMTP_URL: server.url });
  await ask('POST', '/register', { body: { name: 'Ada', email: 'ada@example.com', password: PASSWORD } });
  const [mail] = await server.waitFor('ada@example.com');
  t.match(mail, { subject: 'Hallo', text: /^Hier: http/, html: /Somebody, probably you/ });
});

t.test('An invalid template prevents the start, and the error names it', async (t) => {
  const broken: Record<string, [string, RegExp]> = {
    'no subject': ['Hello {{link}}', /registration\.txt must begin with a line "Subject: /],
    'an empty subject': ['Subject: \n\nHello', /must begin with/],
    'no text': ['Subject: Hello\n\n \n', /must begin with/],
    'an unknown placeholder': [
      'Subject: Hello {{name}}\n\nHi',
      /has \{\{name\}\}; it can have \{\{link\}\}, \{\{token\}\}/,
    ],
  };
  for (const [name, [text, message]] of Object.entries(broken)) {
    const variables = await folderWith(t, { 'registration.txt': text });
    const error = await buildApp(parseConfig(variables)).catch((error: unknown) => error);
    t.ok(error instanceof ConfigError, name);
    t.match(String(error), message, name);
  }
  const variables = await folderWith(t, { 'registration.html': ' \n' });
  await t.rejects(buildApp(parseConfig(variables)), /registration\.html is empty/);
});

t.test('Without a mail server in development, mails are files that only their owner can read', async (t) => {
  const { ask, person, app } = await startApi(t);
  const { email } = await person(1);
  t.equal((await ask('POST', '/password/forgot', { body: { email } })).status, 202);
  const folder = join(app.config.dataDir, 'outbox');
  await until(async () => (await app.accounts.db.mail.findFirst())?.outcome === 'sent');
  const names = (await readdir(folder)).sort();
  const [page = '', plain = ''] = names;
  t.equal(names.length, 2);
  t.match(page, /^[0-9a-f-]{36}\.html$/);
  t.equal(plain, page.replace('.html', '.txt'));
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  t.equal(await modeOf(folder), '700');
  for (const name of names) t.equal(await modeOf(join(folder, name)), '600');
  const mail = await readFile(join(folder, plain), 'utf8');
  t.match(mail, new RegExp(`^To: ${email}$`, 'm'));
  t.match(mail, /^Subject: Set a new password\n\n/m);
  const [, link = '', token = ''] =
    /^(http:\/\/latchkey\.test\/ui\/reset-password#token=([\w-]{43}))$/m.exec(mail) ?? [];
  noteSecret(token);
  t.match(await readFile(join(folder, page), 'utf8'), `<a href="${link}">${link}</a>`);
  const body = { token, newPassword: 'a password that was set anew' };
  t.equal((await ask('POST', '/password/reset', { body })).status, 204, 'the link can be copied');
});
