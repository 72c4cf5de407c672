/** Sends bytes to a service as they are: what no HTTP client would send. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A connection was closed, and nothing came. */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError';
}

/** The bytes of a request that ends its connection. A body gets a Content-Length and is JSON unless the headers say otherwise. */
export function request(line: string, headers: Record<string, string> = {}, body?: string | Buffer): Buffer {
  const content =
    body === undefined
      ? {}
      : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) };
  const all = { Host: 'latchkey.test', Connection: 'close', ...content, ...headers };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]));
  return Buffer.concat([
    Buffer.from(`${line} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
    Buffer.from(body ?? ''),
  ]);
}

/** A body in chunks: without a Content-Length. */
export function chunked(body: string, size: number): string {
  let text = '';
  for (let at = 0; at < body.length; at += size) {
    const part = body.slice(at, at + size);
    text += `${part.length.toString(16)}\r\n${part}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

/**
 * Sends bytes and reads what comes back until the service ends the connection.
 *
 * @param end ends our side at once, as a client does that has sent too little
 * @throws {NoAnswerError}
 * @throws {Error} when something came that is no answer
 */
export async function send(url: string, bytes: Buffer | string, { end = false } = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  // A service that refuses a body does not read the rest of it, which resets the connection.
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  const closed = new Promise((resolve) => socket.once('close', resolve));
  if (end) socket.end(bytes);
  else socket.write(bytes);
  await closed;
  return parse(Buffer.concat(parts));
}

/** Of an interim answer (`100 Continue`) and what follows it, the latter. */
function parse(bytes: Buffer): RawAnswer {
  if (/^HTTP\/1\.1 1\d\d /.test(bytes.toString('latin1', 0, 13)))
    return parse(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4));
  const end = bytes.indexOf('\r\n\r\n');
  const [line = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) \S/.exec(line)?.[1];
  if (bytes.length === 0) throw new NoAnswerError('The connection was closed without an answer');
  if (end === -1 || status === undefined)
    throw new Error(`Not an answer: ${bytes.toString('latin1').slice(0, 200)}`);
  const headers = Object.fromEntries(
    lines.map((text) => [
      text.slice(0, text.indexOf(':')).toLowerCase(),
      text.slice(text.indexOf(':') + 1).trim(),
    ]),
  );
  return { status: Number(status), headers, text: bytes.subarray(end + 4).toString() };
}
