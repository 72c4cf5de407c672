/** Makes API keys and service accounts for tests. */
import type { Answer, Api } from '../helper.ts';

export interface MadeKey {
  readonly id: string;
  readonly key: string;
}

interface Wanted {
  readonly access: number;
  readonly name?: string;
  readonly operations?: readonly string[];
  readonly expiresAt?: string;
}

/** Makes a key of the caller. */
export async function makeKey({ ask }: Api, token: string, wanted: Wanted): Promise<MadeKey> {
  const body = { name: 'test', ...wanted };
  return made(await ask('POST', '/me/api-keys', { token, body }));
}

/** Makes a service account, on behalf of an admin. @returns its id */
export async function makeService({ ask }: Api, token: string, access: number): Promise<string> {
  const { body } = await ask('POST', '/service-accounts', { token, body: { name: 'reports', access } });
  return body.id;
}

/** Makes a key of a service account. */
export async function makeServiceKey(
  { ask }: Api,
  token: string,
  id: string,
  wanted: Wanted,
): Promise<MadeKey> {
  const body = { name: 'test', ...wanted };
  return made(await ask('POST', `/service-accounts/${id}/api-keys`, { token, body }));
}

function made({ status, body, text }: Answer): MadeKey {
  if (status !== 201) throw new Error(`No key but ${status}: ${text}`);
  return { id: body.id, key: body.key };
}

/** Sets what an owner or a key has in the database, as if time had passed. */
export const daysAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
