import t from 'tap';
import { startApi } from '../helper.ts';

const { ask, person } = await startApi(t);
const { token } = await person(1);
const rename = (name: string) => ask('PATCH', '/me', { token, body: { name } });

t.test('A name of which nothing is seen is blank', async (t) => {
  for (const character of '\u200b\u3164\u202e\u2800\u00ad\u2060\ufeff\u115f\u1160\uffa0\u034f\u180e\u200e\u2066\ufe0f')
    for (const name of [
      character,
      ` ${character}`,
      character.repeat(100),
      `${character}\u3000${character}`,
    ]) {
      const { status, body } = await rename(name);
      t.equal(status, 400, JSON.stringify(name));
      t.match(body.errors, [{ pointer: '/name', message: /not blank/ }], JSON.stringify(name));
    }
});

t.test('A name may have invisible characters beside those that are seen', async (t) => {
  for (const name of ['می\u200cخواهم', '👩\u200d🚀', '\u200fעדה', 'ᅟa', '\u2060Ada', '❤\ufe0f', '李', 'ㅎ'])
    t.match(await rename(name), { status: 200, body: { name } }, JSON.stringify(name));
});
