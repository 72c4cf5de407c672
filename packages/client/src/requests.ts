import type { operations, paths } from './schema.ts';

/** The JSON body of an operation. */
export type Body<Id extends keyof operations> = operations[Id] extends {
  requestBody: { content: { 'application/json': infer Json } };
}
  ? Json
  : never;

/** The requests whose answers have new tokens of the session: they replace those of before. */
export const ISSUING: ReadonlySet<string> = new Set<keyof paths>([
  '/me/password',
  '/me/reauthenticate',
  '/me/totp',
  '/me/totp/confirm',
  '/me/passkeys',
  '/me/passkeys/{id}',
]);
