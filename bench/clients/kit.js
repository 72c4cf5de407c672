// Shared code of the clients: each line of standard input is a number of seconds in which they work, and the
// answer is the number of operations.
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';

export const url = process.env.BENCH_URL ?? '';
export const connections = Number(process.env.BENCH_CONNECTIONS ?? 1);
const agent = new Agent({ keepAlive: true, maxSockets: connections });

/**
 * Sends JSON and reads the answer.
 *
 * @param {string} path
 * @param {object} body
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>}
 */
export function post(path, body, headers = {}) {
  const text = JSON.stringify(body);
  const options = {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
  };
  return new Promise((resolve, reject) => {
    const sent = request(url + path, options, (answer) => {
      let received = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => {
        received += chunk;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(received));
        else reject(new Error(`${path}: ${answer.statusCode} ${received}`));
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

/** @param {(client: number) => Promise<unknown>} once operation that each of the clients repeats */
export async function serve(once) {
  process.stdout.write('{}\n');
  for await (const line of createInterface(process.stdin)) {
    const started = performance.now();
    const end = started + Number(line) * 1000;
    let count = 0;
    const times = [];
    const work = async (_, client) => {
      while (performance.now() < end) {
        const began = performance.now();
        await once(client);
        times.push(performance.now() - began);
        count++;
      }
    };
    await Promise.all(Array.from({ length: connections }, work));
    const rate = count / ((performance.now() - started) / 1000);
    process.stdout.write(
      `${JSON.stringify({ rate, median: times.sort((a, b) => a - b)[times.length >> 1] })}\n`,
    );
  }
}
