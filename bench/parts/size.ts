/** Size of a response, and a check that each of its header fields is used by clients. */
import { startContender } from '../tools/contender.ts';
import { type Effort, type Figure, type Part, toFigure } from '../tools/figures.ts';

/** Fields that a client, a cache or a browser uses, with their specification. */
const used: Readonly<Record<string, string>> = {
  'cache-control': 'RFC 9111 section 5.2: caches keep nothing personal',
  connection: 'RFC 9112 section 9.3',
  'content-length': 'RFC 9110 section 8.6',
  'content-security-policy':
    'OWASP REST Security Cheat Sheet: what is opened in a tab runs and frames nothing',
  'content-type': 'RFC 9110 section 8.3',
  date: 'RFC 9110 section 6.6.1: an origin server with a clock must send it',
  'keep-alive': 'until when clients may use the connection again',
  'x-content-type-options': 'Fetch standard: browsers do not guess the type',
  'x-request-id': 'the id that the log has too',
};

export const size: Part = { name: 'size', title: 'The answer of a guarded route', measure };

async function measure({ say }: Effort): Promise<Figure[]> {
  const service = await startContender('latchkey');
  if (service === undefined) throw new Error('Latchkey did not start');
  try {
    const authorization = `Bearer ${service.tokens[0]}`;
    const answer = await fetch(service.url, { headers: { authorization } });
    const body = (await answer.arrayBuffer()).byteLength;
    const fields = [...answer.headers];
    const unused = fields.filter(([name]) => !(name in used));
    say(fields.map(([name]) => name).join(', '));
    const bytes = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    return [
      toFigure('header fields that no client uses', [unused.length], 'fields', { atMost: 0 }),
      toFigure('header', [bytes], 'bytes'),
      toFigure('body', [body], 'bytes'),
    ];
  } finally {
    await service.stop();
  }
}
