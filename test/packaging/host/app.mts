import Fastify from 'fastify';
import latchkey, { claimsOf, problem } from 'latchkey';

declare module 'latchkey' {
  interface OwnProblems {
    'out-of-stock': true;
  }
}

const app = Fastify();
await app.register(latchkey, {
  prefix: '/auth',
  dataDir: 'host',
  problems: { 'out-of-stock': { status: 409, title: 'Out of stock', detail: 'There are none left.' } },
});
app.get('/reports', { config: { access: 'user' } }, async (request) => ({ hello: claimsOf(request).sub }));
app.post('/orders', { config: { access: 'user' } }, async () => {
  throw problem('out-of-stock');
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`Latchkey listens on ${url}\n`);
