/**
 * A service with @latchkey/guard, for the faults of the feed. It reads from the processes of Latchkey by
 * turns: each answer comes from another one.
 */
import Fastify from 'fastify';
import { latchkeyGuard } from '../../packages/guard/src/fastify.ts';

const { GUARD_URLS = '', GUARD_ISSUER = '', GUARD_KEY = '' } = process.env;
const urls = GUARD_URLS.split(',');
let [turn, isCut, questions] = [0, false, 0];

const app = Fastify();
await app.register(latchkeyGuard, {
  issuer: GUARD_ISSUER,
  key: GUARD_KEY,
  fetch: (input, init) => {
    if (isCut) throw new TypeError('fetch failed');
    if (String(input).endsWith('/introspect')) questions++;
    return fetch(String(input).replace(GUARD_ISSUER, urls[turn++ % urls.length] ?? ''), init);
  },
});
app.get('/reports', { config: { access: 'user' } }, async () => 'in');
app.get('/time', { config: { access: 'public' } }, async () => ({ now: Date.now(), questions }));
app.post('/cut/:is', { config: { access: 'public' } }, async (request) => {
  isCut = Object(request.params).is === 'on';
  return isCut;
});
await app.listen({ port: 0, host: '127.0.0.1' });
const address = app.server.address();
console.log(`listening on http://127.0.0.1:${Object(address).port}`);
