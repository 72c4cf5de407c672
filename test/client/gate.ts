/** A proxy before a service, whose answers a test can delay, lose and replace. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Teardown } from '../helper.ts';
import { noteSecretsIn } from '../secret-log.ts';

/**
 * The fate of a request: it is answered; its answer is lost after the service has sent it; the service is
 * away; or there is another answer with this status in its place.
 */
export type Fate = 'answered' | 'lost' | 'away' | number;

export interface Gate {
  readonly url: string;
  /** The requests in order, as in `POST /refresh 200`, with the status that the client got; 0 without one. */
  readonly requests: string[];
  /** Counts the requests that begin with this. */
  count(start: string): number;
  /** Decides the fate of the next requests to a path, in order. */
  next(path: string, ...fates: Fate[]): void;
  /** Decides the fate of all other requests. */
  all(fate: Fate): void;
  /** Holds the next answer to a path back, until the function that it returns is called. */
  hold(path: string): { readonly isHeld: () => boolean; release(): void };
}

export interface GateOptions {
  readonly target: string;
  /** Answers what is not for the service, a page for instance. */
  readonly serve?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

interface Held {
  readonly path: string;
  readonly released: Promise<void>;
  arrived: boolean;
}

export async function startGate(t: Teardown, options: GateOptions): Promise<Gate> {
  const { target } = options;
  let usual: Fate = 'answered';
  const planned = new Map<string, Fate[]>();
  const holds: Held[] = [];
  const requests: string[] = [];

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://gate').pathname;
    const note = (status: number) => requests.push(`${request.method} ${path} ${status}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const fate = (request.method === 'OPTIONS' ? undefined : planned.get(path)?.shift()) ?? usual;
    if (fate === 'away') {
      note(0);
      request.socket.destroy();
      return;
    }
    if (typeof fate === 'number') {
      note(fate);
      answerInstead(response, fate, request.headers.origin);
      return;
    }
    const answer = await fetch(target + request.url, {
      method: request.method ?? 'GET',
      headers: headersOf(request),
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      redirect: 'manual',
    }).catch((error: unknown) => {
      note(0);
      throw error;
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.headers.get('content-type')?.includes('json')) noteSecretsIn(JSON.parse(body.toString()));
    const held =
      request.method === 'OPTIONS' ? undefined : holds.find((candidate) => candidate.path === path);
    if (held !== undefined) {
      holds.splice(holds.indexOf(held), 1);
      held.arrived = true;
      await held.released;
    }
    if (fate === 'lost') {
      note(0);
      request.socket.destroy();
      return;
    }
    note(answer.status);
    const headers = new Headers(answer.headers);
    for (const name of ['content-length', 'content-encoding', 'transfer-encoding', 'connection'])
      headers.delete(name);
    response.writeHead(answer.status, Object.fromEntries(headers)).end(body);
  }

  const server = createServer((request, response) => {
    if (options.serve?.(request, response)) return;
    pass(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    count: (start) => requests.filter((line) => line.startsWith(start)).length,
    next: (path, ...fates) => void planned.set(path, fates),
    all: (fate) => {
      usual = fate;
    },
    hold: (path) => {
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const held: Held = { path, released, arrived: false };
      holds.push(held);
      return { isHeld: () => held.arrived, release };
    },
  };
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const { host: _, connection: __, 'content-length': ___, ...rest } = headers;
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]));
}

const slugs: Readonly<Record<number, string>> = {
  429: 'too-many-requests',
  500: 'internal-error',
  503: 'busy',
};

/** Answers like a service that has too much to do, or like a proxy. */
function answerInstead(response: ServerResponse, status: number, origin: string | undefined): void {
  const slug = slugs[status];
  response.setHeader('access-control-allow-origin', origin ?? '*');
  response.writeHead(status, {
    'content-type': slug === undefined ? 'text/html' : 'application/problem+json',
    'retry-after': '1',
  });
  response.end(slug === undefined ? '<h1>Bad gateway</h1>' : JSON.stringify({ slug, status, title: slug }));
}
