// argon2 alone, as often and as many at a time as Latchkey verifies passwords: what sign-in is compared with. GET /?seconds=2 runs
// the package `argon2`, which is the reference implementation in C, and GET /?seconds=2&own what Latchkey verifies passwords with.
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import argon2 from 'argon2';
import { hashPassword, verifyPassword } from '../../src/accounts/passwords.ts';

const password = 'correct horse battery staple';
const hash = await hashPassword(password);

async function run(verify, seconds) {
  const started = performance.now();
  let count = 0;
  const work = async () => {
    while (performance.now() - started < seconds * 1000) {
      await verify(hash, password);
      count++;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return count / ((performance.now() - started) / 1000);
}

const server = createServer(async (request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const verify = searchParams.has('own') ? verifyPassword : argon2.verify;
  response.end(String(await run(verify, Number(searchParams.get('seconds')))));
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    `${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}`, tokens: [] })}\n`,
  );
});
