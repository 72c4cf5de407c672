// Signs in the enabled users of bench/contenders/service.js with the right passwords, each from a known
// network.
import { post, serve } from './kit.js';

const users = Number(process.env.BENCH_USERS ?? 2) / 2;
let n = 0;
await serve(async () => {
  const number = 1 + 2 * (n++ % users);
  const headers = { 'x-forwarded-for': `10.0.${(number >> 8) & 255}.${number & 255}` };
  await post(
    '/login',
    { email: `user-${number}@example.com`, password: 'correct horse battery staple' },
    headers,
  );
});
