/** The service below a path: PUBLIC_URL has one, and the proxy in front strips it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createProxyServer } from 'http-proxy-3';
import t, { type Test } from 'tap';
import { readClaims } from '../accounts/client.ts';
import { contract } from '../contract.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';
import { noteSecretsIn } from '../secret-log.ts';

/** Starts a proxy that knows one path, and strips it. @returns its URL with the path */
async function startStrippingProxy(t: Test, path: string) {
  const forward = createProxyServer({});
  const upstream = { target: '' };
  const server = createServer((request, response) => {
    const { url = '' } = request;
    const rest = url.slice(path.length);
    if (!url.startsWith(path) || !/^[/?]|^$/.test(rest)) return void response.writeHead(418).end();
    request.url = rest.startsWith('/') ? rest : `/${rest}`;
    forward.web(request, response, { target: upstream.target });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
    forward.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, upstream };
}

async function startBelow(t: Test, variables: Record<string, string> = {}) {
  const proxy = await startStrippingProxy(t, '/auth');
  const api = await startApi(t, { PUBLIC_URL: proxy.url, ...variables });
  proxy.upstream.target = await api.server.listen({ port: 0, host: '127.0.0.1' });
  const ask = async (url: string, init: RequestInit = {}) => {
    const response = await fetch(url, { redirect: 'manual', ...init });
    return { response, status: response.status, text: await response.text() };
  };
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await ask(`${proxy.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    noteSecretsIn([body, answer.text === '' ? {} : JSON.parse(answer.text)]);
    return answer;
  };
  return { api, base: proxy.url, ask, post };
}

t.test('The docs page loads its files and the document from below the path', async (t) => {
  const { base, ask } = await startBelow(t);
  for (const page of [`${base}/docs`, `${base}/docs/`, `${base}/docs?x=1`]) {
    const { status, text } = await ask(page);
    t.equal(status, 200);
    const links = [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => new URL(link!, page).href);
    t.ok(links.length >= 5, page);
    for (const link of links) t.equal((await ask(link)).status, 200, link);
  }
  // The page loads ./json, from its own URL.
  const { text } = await ask(`${base}/docs/json`);
  t.strictSame(JSON.parse(text).servers, [{ url: '/auth' }]);
  const moved = await ask(`${base}/docs/static/index.html`);
  t.equal(moved.response.headers.get('location'), '/auth/docs/');
});

t.test(
  'The contract names the path of its server, and differs from the committed one in nothing else',
  async (t) => {
    const { base, ask } = await startBelow(t);
    const served = JSON.parse((await ask(`${base}/openapi.json`)).text);
    t.strictSame(served, { ...JSON.parse(JSON.stringify(contract)), servers: [{ url: '/auth' }] });
    t.strictSame(contract.servers, [{ url: '/' }]);
    const health = new URL(`${served.servers[0].url}/health/live`, base).href;
    t.equal((await ask(health)).status, 200);
  },
);

t.test('The links of the home page, of problems and of header fields lead below the path', async (t) => {
  const { api, base, ask, post } = await startBelow(t);
  const { links } = JSON.parse((await ask(base)).text);
  for (const [name, link] of Object.entries<string>(links)) {
    t.ok(link.startsWith(`${base}/`), name);
    t.not((await ask(link)).status, 404, name);
  }
  const missing = await ask(`${base}/nothing`);
  const { type } = JSON.parse(missing.text);
  t.equal(type, `${base}/problems/not-found`);
  t.equal((await ask(type)).status, 200);

  const email = 'ada@example.com';
  const registered = await post('/register', { name: 'Ada', email, password: PASSWORD });
  t.equal(registered.status, 201);
  const { accessToken } = JSON.parse((await post('/login', { email, password: PASSWORD })).text);
  t.match(readClaims(accessToken), { iss: base, aud: base });
  const headers = { authorization: `Bearer ${accessToken}` };
  const location = registered.response.headers.get('location')!;
  t.equal((await ask(location, { headers })).status, 200, location);
  t.equal((await ask(`${base}/.well-known/jwks.json`)).status, 200);

  await api.person(1);
  const page = await ask(`${base}/users?limit=1`, { headers });
  const [, next] = /^<([^>]+)>; rel="next"$/.exec(page.response.headers.get('link') ?? '') ?? [];
  t.ok(next?.startsWith(`${base}/users?`));
  t.equal((await ask(next!, { headers })).status, 200);
});

t.test('The links in mails lead below the path where FRONTEND_URL is not set', async (t) => {
  const { api, base, post } = await startBelow(t, NO_MAIL_SERVER);
  await post('/register', { name: 'Ada', email: 'ada@example.com', password: PASSWORD });
  const [mail] = await waitingFor(api, 'ada@example.com');
  noteSecretsIn(mail);
  t.ok(mail!.values.link!.startsWith(`${base}/ui/verify-email#token=`));
});
