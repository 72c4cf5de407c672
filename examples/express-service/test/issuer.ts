import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import latchkey from 'latchkey';
import { injectAs } from 'latchkey/testing';

/** Starts a Latchkey for the tests, on this machine. */
export async function startIssuer() {
  const folder = await mkdtemp(join(tmpdir(), 'issuer-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const app = Fastify();
  await app.register(latchkey, { dataDir: folder, publicUrl: url });
  await app.listen({ port });
  return {
    url,
    signIn: (access: string) => injectAs(app, { access }),
    /** What `latchkey key create --for-guard` makes. */
    makeGuardKey: async () => {
      const admin = await injectAs(app, { access: 'admin' });
      const post = (url: string, payload: object) => admin({ method: 'POST', url, payload });
      const { id } = (await post('/service-accounts', { name: 'guard', access: 2 })).json();
      const operations = ['listRevocations', 'requestIntrospection'];
      const wanted = { name: 'reports', access: 2, operations };
      const { key }: { key: string } = (await post(`/service-accounts/${id}/api-keys`, wanted)).json();
      return key;
    },
    setAccess: (id: string, access: string) => app.latchkey.users.change(id, { access }),
    close: async () => {
      await app.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
