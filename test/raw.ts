/** Sends raw bytes to a service, which no HTTP client would send. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** The headers by name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The error of a connection that was closed without an answer. */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError';
}

/**
 * Makes the bytes of a request that ends its connection. A body gets a Content-Length and is JSON unless the
 * headers say otherwise.
 */
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

/** Makes a body in chunks, without a Content-Length. */
export function chunked(body: string, size: number): string {
  let text = '';
  for (let at = 0; at < body.length; at += size) {
    const part = body.slice(at, at + size);
    text += `${part.length.toString(16)}\r\n${part}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

/**
 * Sends bytes and reads the answer until the service ends the connection.
 *
 * @param end ends the sending side at once, like a client that has sent too little
 * @throws {NoAnswerError}
 * @throws {Error} when the bytes that came are not an answer
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

/** Returns the answer that follows an interim answer (`100 Continue`). */
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
