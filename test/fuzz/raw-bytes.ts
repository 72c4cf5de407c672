/** Bytes that are nearly HTTP, or HTTP that no client library sends. */
import fc, { type Arbitrary } from 'fast-check';
import { MARK } from './template.ts';

/** The parts of a message, with the places of template.ts; each character is a byte. */
export interface RawMessage {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const lines = [
  ...[
    'GET /me',
    'GET /users?limit=1',
    'GET /',
    'HEAD /me',
    'OPTIONS /users',
    'POST /login',
    'PATCH /me',
    'DELETE /me',
  ],
  ...[
    'GET http://evil.example/me',
    'GET http://evil.example/users?limit=1',
    'GET https://evil.example',
    'GET //evil.example/me',
  ],
  ...[
    'GET http:///me',
    'GET evil.example:80',
    'GET me',
    'GET *',
    'OPTIONS *',
    'CONNECT evil.example:443',
    'TRACE /me',
    'PROPFIND /me',
  ],
  ...[
    'get /me',
    'G\u00cbT /me',
    'FOO /me',
    'GET /me⟦bytes 00⟧',
    'GET /users/⟦bytes 00⟧',
    'GET /m\u00e9',
    'GET /⟦bytes ff⟧',
  ],
  ...[
    'GET  /me',
    'GET\t/me',
    'GET /me ',
    'GET /users?q=a b',
    'GET /users?q=⟦bytes 00⟧',
    'GET /users?q=\u00ff',
    'GET /../../etc/passwd',
  ],
  ...[
    'GET /docs/static/..%2f..%2f..%2fpackage.json',
    'GET /docs/static/%2e%2e/%2e%2e/package.json',
    'GET /docs/static/%00',
  ],
  ...[
    'GET /⟦long 20000⟧',
    'POST /⟦long 9000⟧',
    '⟦bytes 16030100a5⟧',
    'GET /me#a',
    'GET /me;a=b',
    'GET /me%',
    'GET \\me',
  ],
];

const versions = [
  ' HTTP/1.1',
  ' HTTP/1.1',
  ' HTTP/1.1',
  ' HTTP/1.0',
  ' HTTP/2.0',
  ' HTTP/9.9',
  ' http/1.1',
  ' HTTP/1.1 a',
  '',
];

const headers = [
  'Host: latchkey.test\r\nHost: evil.example',
  'X-A: a\r\n folded',
  'X-A: a\nX-B: b',
  'X-A: a\rX-B: b',
  'X⟦bytes 00⟧A: a',
  'X-A: ⟦bytes 00⟧',
  'X-A : a',
  ': a',
  'no colon',
  `Authorization: Bearer ${MARK}\r\nAuthorization: Bearer ${MARK}`,
  `Authorization: Bearer ${MARK}⟦bytes 00⟧`,
  `Authorization: Bearer ${MARK}\r\n ${MARK}`,
  'Content-Type: application/json',
  'Content-Type: application/json\r\nContent-Type: text/plain',
  'Content-Length: 5',
  'Content-Length: 5\r\nContent-Length: 6',
  'Content-Length: -1',
  'Content-Length: 0x5',
  'Content-Length: 99999999999999999999999',
  'Content-Length: 10000000',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nContent-Length: 5',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: \tchunked',
  'Transfer-Encoding: x',
  'Expect: 100-continue',
  'Expect: a',
  'Connection: keep-alive, Content-Length',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  'X-Long: ⟦long 17000⟧',
  ...Array.from({ length: 3 }, (_, index) =>
    Array.from({ length: 700 * (index + 1) }, (_, n) => `A${n}: a`).join('\r\n'),
  ),
];

const bodies = [
  '',
  '{"a":1}',
  `{"email":"a","password":"${MARK}`,
  '5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n',
  '5;a="b\r\n"\r\n{"a":\r\n0\r\n\r\n',
  'zz\r\n',
  '-1\r\na\r\n',
  'fffffffffffffffff\r\na',
  '7fffffffffffffff\r\na',
  '5\r\n{"a":1}\r\n0\r\n\r\n',
  '0\r\nX-Trailer: a\r\nAuthorization: Bearer a\r\n\r\n',
  '0\r\n\r\nGET /control-panel HTTP/1.1\r\nHost: latchkey.test\r\n\r\n',
  '1\r\n{\r\n⟦long 70000⟧',
  'GET /control-panel HTTP/1.1\r\nHost: latchkey.test\r\n\r\n',
  '⟦bytes 0000000000⟧',
];

/** Generates messages of which most parts are well formed. */
export const rawMessages: Arbitrary<RawMessage> = fc
  .record({
    line: fc.constantFrom(...lines),
    version: fc.constantFrom(...versions),
    host: fc.constantFrom('Host: latchkey.test', 'Host: latchkey.test', 'Host: latchkey.test', 'Host:', ''),
    more: fc.array(
      fc.oneof(
        { weight: 2, arbitrary: fc.constantFrom(...headers) },
        {
          weight: 1,
          arbitrary: fc.constantFrom('Transfer-Encoding: chunked', 'Content-Type: application/json'),
        },
      ),
      { maxLength: 3 },
    ),
    body: fc.constantFrom(...bodies),
  })
  .map(({ line, version, host, more, body }) => ({
    line: `${line}${version}`,
    headers: [host, ...more].filter((header) => header !== ''),
    body,
  }));

/** Returns the method and the target that a service sees; an unused path when the bytes are not a request. */
export function addressOf({ line }: RawMessage): { method: string; target: string } {
  const [, method] = /^([A-Z]+) /.exec(line) ?? [];
  const [, target] = /^\S+ (\/[\x21-\x7e]*) HTTP\/1\.[01]$/.exec(line) ?? [];
  return { method: method ?? 'GET', target: target ?? '/nowhere' };
}
