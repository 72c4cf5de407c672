/** A guard in a hundred lines, written from docs/reference/feed.md alone. Only jose is needed. */
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';

/** Milliseconds by both clocks. */
type Moment = { readonly monotonic: number; readonly wall: number };
const readClocks = (): Moment => ({ monotonic: performance.now(), wall: Date.now() });
const isBefore = (a: Moment, b: Moment) => a.monotonic < b.monotonic && a.wall < b.wall;
const never: Moment = { monotonic: -1, wall: -1 };

export class PageGuard {
  readonly #issuer: string;
  readonly #clock: () => Moment;
  readonly #readKeys: () => Promise<unknown>;
  #keys = new Map<string, { key: Parameters<typeof jwtVerify>[1]; alg: string }>();
  #kids: string[] = [];
  #levels = new Map<string, number>();
  #secondFactor: { from: number; below: number } | null = null;
  #revoked = new Map<string, { generation: number; until: Moment }>();
  #issuedUntil = -1;
  #trusted = never;
  #isOutdated = false;

  constructor(issuer: string, clock = readClocks, readKeys = () => get(`${issuer}/.well-known/jwks.json`)) {
    [this.#issuer, this.#clock, this.#readKeys] = [issuer, clock, readKeys];
  }

  /** Reads the feed for ever. */
  async read(token: () => string): Promise<never> {
    for (let query = ''; ; ) {
      try {
        const sent = this.#clock();
        const answer = await get(`${this.#issuer}/revocations${query}`, token());
        await this.take(answer, sent);
        query = `?after=${Object(answer).cursor}&wait=1`;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  /** Takes an answer whose request was sent at a moment. */
  async take(answer: unknown, sent: Moment): Promise<void> {
    const { entries, asOf, time, kids, levels, secondFactor, resync, complete } = Object(answer);
    const now = this.#clock();
    const isUsable = complete && Math.abs(now.wall - time) <= 60_000;
    if (resync || !isUsable) this.#trusted = never;
    [this.#kids, this.#secondFactor] = [kids, secondFactor];
    this.#levels = new Map(
      levels.map(({ name, number }: { name: string; number: number }) => [name, number]),
    );
    for (const { kind, id, generation = Number.POSITIVE_INFINITY, issuedUntil, until: end } of entries) {
      const until = { monotonic: now.monotonic + end * 1000 - time + 60_000, wall: end * 1000 + 60_000 };
      const known = this.#revoked.get(`${kind} ${id}`)?.generation ?? 0;
      if (kind === 'everybody') this.#issuedUntil = Math.max(this.#issuedUntil, issuedUntil);
      else this.#revoked.set(`${kind} ${id}`, { generation: Math.max(generation, known), until });
      this.#isOutdated ||= !['everybody', 'user', 'session'].includes(kind);
    }
    for (const [id, { until }] of this.#revoked) if (isBefore(until, now)) this.#revoked.delete(id);
    if (!kids.every((kid: string) => this.#keys.has(kid)))
      for (const jwk of Object(await this.#readKeys()).keys)
        this.#keys.set(jwk.kid, { key: await importJWK(jwk, jwk.alg), alg: jwk.alg });
    const hasKeys = kids.every((kid: string) => this.#keys.has(kid));
    if (hasKeys && isUsable && sent.monotonic + asOf + 2000 > this.#trusted.monotonic)
      this.#trusted = { monotonic: sent.monotonic + asOf + 2000, wall: sent.wall + asOf + 2000 };
  }

  /** Says `200`, or the status and the kind of the problem. */
  async ask(authorization: string, minimum: string): Promise<string> {
    const now = this.#clock();
    const required = this.#levels.get(minimum);
    if (required === undefined || this.#isOutdated || !isBefore(now, this.#trusted)) return '503 not-ready';
    try {
      const token = authorization.replace(/^Bearer /, '');
      const { kid = '', typ, ...rest } = decodeProtectedHeader(token);
      const { key, alg } = this.#kids.includes(kid) ? (this.#keys.get(kid) ?? {}) : {};
      if (key === undefined || alg === undefined || typ !== 'at+jwt' || Object.keys(rest).join() !== 'alg')
        return '401 invalid-token';
      const names = { issuer: this.#issuer, audience: this.#issuer, currentDate: new Date(now.wall) };
      const { payload } = await jwtVerify(token, key, { ...names, algorithms: [alg] });
      const { sub, sid, gen, iat, exp, access, access2, acr } = Object(payload);
      const isValid = Number.isInteger(access) && exp * 1000 > now.wall && iat * 1000 <= now.wall + 60_000;
      const isRevoked = (id: string, gen: number) => gen < (this.#revoked.get(id)?.generation ?? 0);
      if (!isValid || iat <= this.#issuedUntil) return '401 invalid-token';
      if (isRevoked(`user ${sub}`, gen) || isRevoked(`session ${sid}`, 0)) return '401 invalid-token';
      const limit = acr === '2' || access < (this.#secondFactor?.from ?? 0) ? null : this.#secondFactor;
      if ((limit?.below ?? access) >= required) return '200';
      return (access2 ?? (limit && access) ?? -1) >= required
        ? '401 two-factors-required'
        : '403 access-denied';
    } catch {
      return '401 invalid-token';
    }
  }
}

async function get(url: string, token?: string): Promise<unknown> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(3000) });
  return answer.ok ? answer.json() : Promise.reject(new Error(`${url}: ${answer.status}`));
}
