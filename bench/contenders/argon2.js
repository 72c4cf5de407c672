// The package `argon2` alone, with Latchkey's parameters and the same number of parallel hashes. Baseline of
// sign-in. GET /?seconds=2 runs it.
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import argon2 from 'argon2';
import { hashPassword } from '../../src/accounts/passwords/hash.ts';

const password = 'correct horse battery staple';
const hash = await hashPassword(password);

async function run(seconds) {
  const started = performance.now();
  let count = 0;
  const work = async () => {
    while (performance.now() - started < seconds * 1000) {
      await argon2.verify(hash, password);
      count++;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return count / ((performance.now() - started) / 1000);
}

const server = createServer(async (request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  response.end(String(await run(Number(searchParams.get('seconds')))));
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    `${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}`, tokens: [] })}\n`,
  );
});
