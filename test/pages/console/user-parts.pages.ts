/** What else the console's page of a user shows and does, to admins and to readers. */

import t from 'tap';
import { noteSecretsIn } from '../../secret-log.ts';
import { until } from '../../until.ts';
import { focus } from '../focus.ts';
import { fill } from '../scenes.ts';
import { ask, EMOJI, HOSTILE, inHours, secondFactorOf, someone, tokenOf } from './people.ts';
import { screen } from './screen.ts';
import { button, dialog, notice, part, startUserPages } from './user-steps.ts';

const { stage, token, read, change, opened } = await startUserPages(t);

t.test('A reader of level 1 sees the name and the level, and can do nothing', async (t) => {
  const reader = await someone(stage, 'Reader');
  const grace = await someone(stage, HOSTILE);
  const page = await opened(t, grace, reader.email);
  t.equal(await page.locator('.user-name bdi').innerText(), HOSTILE);
  await part(page, 'Access').getByText('user', { exact: true }).waitFor();
  t.strictSame(
    await page.locator('main dt').allInnerTexts(),
    ['Name', 'Id', 'Level now'],
    'no address, no state',
  );
  t.strictSame(await page.locator('main button').allInnerTexts(), ['Copy']);
});

t.test('Of an account above oneself, an admin sees everything and changes nothing', async (t) => {
  const helper = await someone(stage, 'For a day', { access: 2, accessUntil: inHours(8) });
  const boss = await someone(stage, 'Boss', { access: 2 });
  const page = await opened(t, boss, helper.email);
  await notice(page, 'This account has a higher level than you may give');
  await part(page, 'Activity').getByText('Account made').waitFor();
  t.strictSame(await page.locator('main button:not(.pager button)').allInnerTexts(), ['Copy']);
  const other = await someone(stage, 'Grace');
  await page.goto(`${stage.url}/users/${other.id}`);
  await button(page, 'Change the level').click();
  t.strictSame(await page.getByLabel('Level', { exact: true }).locator('option').allInnerTexts(), [
    'guest',
    'user',
  ]);
  await change(boss, { access: 1 });
});

t.test('Sessions end, one or all, and API keys go', async (t) => {
  const grace = await someone(stage, 'Grace');
  const own = await tokenOf(stage, grace.email);
  await tokenOf(stage, grace.email);
  for (const name of ['nightly', 'daily'])
    noteSecretsIn([await ask(stage, 'POST', '/me/api-keys', { token: own, body: { name, access: 1 } })]);
  const page = await opened(t, grace);
  const sessions = part(page, 'Sessions').locator('tbody tr');
  const keys = part(page, 'API keys').locator('tbody tr');
  await until(async () => (await sessions.count()) === 2 && (await keys.count()) === 2);
  t.match(await sessions.first().innerText(), /Firefox on Linux/);
  await button(sessions.first(), /^End it/).click();
  await notice(page, 'The session has ended.');
  await until(async () => (await sessions.count()) === 1);
  await button(page, 'Take it away: nightly').click();
  await button(dialog(page), 'Take it away').click();
  await notice(page, 'The API key is taken away.');
  await until(async () => (await keys.count()) === 1);
  t.match(await keys.first().innerText(), /daily/);
  await button(part(page, 'Sessions'), 'End all sessions').click();
  await button(dialog(page), 'End all sessions').click();
  await notice(page, 'All sessions have ended.');
  await page.getByText('The person is signed in nowhere.').waitFor();
  await page.getByText('The person has no API keys.').waitFor();
});

t.test('A lost second factor is removed, and the person is told', async (t) => {
  const grace = await someone(stage, 'Grace');
  await secondFactorOf(stage, grace.email);
  const page = await opened(t, grace);
  await part(page, 'Signs in with').getByText('10 are left').waitFor();
  await button(page, 'Remove the second factor').click();
  await button(dialog(page), 'Remove it').click();
  await notice(page, 'The second factor is removed');
  t.equal((await read(grace)).secondFactor, false);
  await until(async () => (await part(page, 'Signs in with').getByText('none').count()) === 3);
  t.equal(await button(page, 'Remove the second factor').count(), 0);
  t.ok((await stage.mails.waitFor(grace.email)).length > 0);
});

t.test('Disabled and enabled, with the reason in the activity', async (t) => {
  const grace = await someone(stage, 'Grace');
  const page = await opened(t, grace);
  await button(page, 'Disable the account').click();
  await fill(page, { 'Reason (you may leave it out)': HOSTILE });
  await button(page, 'Disable it').click();
  await notice(page, 'The account is disabled.');
  await page.locator('.badge').getByText('Disabled').waitFor();
  t.equal((await read(grace)).disabled, true);
  await part(page, 'Activity').getByText(HOSTILE).waitFor();
  await button(page, 'Enable the account').click();
  await button(page, 'Enable it').click();
  await notice(page, 'The account is enabled.');
  t.equal((await read(grace)).disabled, false);
});

t.test('The activity has what the user did and what was done, once each and newest first', async (t) => {
  const grace = await someone(stage, 'Grace');
  const own = await tokenOf(stage, grace.email);
  for (let count = 0; count < 13; count++) {
    await tokenOf(stage, grace.email);
    await change(grace, { name: `Grace ${count}` });
  }
  await ask(stage, 'GET', '/audit-events', { token: own }).catch(() => {});
  // Denials are counted, and written some seconds later.
  const denials = `/audit-events?action=access.denied&actor=${grace.id}`;
  await until(async () => (await ask(stage, 'GET', denials, { token })).events.length === 1, 60);
  const all = new Map<string, { id: string }>();
  for (const filter of ['actor', 'target']) {
    const { events } = await ask(stage, 'GET', `/audit-events?limit=100&${filter}=${grace.id}`, { token });
    for (const event of events) all.set(event.id, event);
  }
  const times = [...all.values()]
    .map(({ id }) => id)
    .sort()
    .reverse();
  t.ok(times.length > 25, `${times.length} events`);
  const page = await opened(t, grace);
  const activity = part(page, 'Activity');
  await activity.getByText('Grace 11 → Grace 12').waitFor();
  await activity.getByText('Request refused: the level was too low').waitFor();
  await activity.getByText('Level needed: admin').waitFor();
  const rows = activity.locator('tbody tr');
  t.equal(await rows.count(), 20);
  await button(activity, 'Next').click();
  await activity.getByText('Account made').waitFor();
  t.equal(await rows.count(), times.length - 20);
  t.match(await rows.last().innerText(), /Account made/);
  t.equal(await button(activity, 'Next').isDisabled(), true);
  await button(activity, 'Back').click();
  await activity.getByText('Grace 11 → Grace 12').waitFor();
  t.equal(await rows.count(), 20);
});

t.test('An account is deleted after its name was typed, and an open page of it says so', async (t) => {
  const grace = await someone(stage, EMOJI);
  const [page, other] = [await opened(t, grace), await opened(t, grace)];
  await button(page, 'Delete the account').click();
  await fill(page, { 'Name or address': 'Grace' });
  await button(page, 'Delete the account for good').click();
  await page.getByText('This is neither the name nor the address of the account.').waitFor();
  await fill(page, { 'Name or address': ` ${grace.email.toUpperCase()}` });
  await button(page, 'Delete the account for good').click();
  await page.getByRole('heading', { name: 'Deleted', exact: true }).waitFor();
  t.match(await focus(page, 'textContent', /The account is deleted/), /The account is deleted/);
  await other.getByRole('heading', { name: 'No such user' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'No such user' }).waitFor();
  await page.goto(`${stage.url}/users/no-uuid`);
  await page.getByRole('heading', { name: 'No such user' }).waitFor();
});

t.test('A service account leads to its own page', async (t) => {
  const body = { name: 'guard', access: 1 };
  const { id } = await ask(stage, 'POST', '/service-accounts', { token, body });
  const page = await stage.newPage(t);
  await screen(`users/${id}`)(page, stage);
  await page.waitForURL(`${stage.url}/service-accounts/${id}`);
});

t.test('Hostile names are text everywhere, and make nothing wider than a phone', async (t) => {
  const grace = await someone(stage, HOSTILE);
  await change(grace, { name: EMOJI, reason: HOSTILE });
  await change(grace, { name: HOSTILE, reason: EMOJI });
  const page = await opened(t, grace);
  await page.setViewportSize({ width: 320, height: 640 });
  const wrong: string[] = [];
  page.on('dialog', (found) => {
    wrong.push(found.message());
    void found.dismiss();
  });
  const check = async (where: string) => {
    t.equal(await page.locator('main img, main b, dialog img, dialog b').count(), 0, where);
    t.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320, where);
    const over =
      'Math.max(0, ...[...document.querySelectorAll("dialog")].map((one) => one.scrollWidth - one.clientWidth))';
    t.equal(await page.evaluate(over), 0, where);
  };
  await part(page, 'Activity').getByText('Name changed').first().waitFor();
  await check('the page');
  await button(page, 'Delete the account').click();
  await check('the question');
  await page.keyboard.press('Escape');
  await button(page, 'Change the name').click();
  await change(grace, { name: EMOJI });
  await button(page, 'Save the name').click();
  await button(page, 'Use mine').waitFor();
  await check('the conflict');
  t.match(await dialog(page).locator('td').allInnerTexts(), ['Name', HOSTILE, EMOJI, HOSTILE]);
  t.strictSame(wrong, []);
});
