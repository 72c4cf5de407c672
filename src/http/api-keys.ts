import { Type } from 'typebox';
import { checkOperations } from '../access/key-operations.ts';
import type { Operation } from '../access/plugin.ts';
import type { WantedApiKey } from '../accounts/api-keys/create.ts';
import { ApiKey, type ApiKeyBody } from '../accounts/api-keys/schemas.ts';
import { parseTimestamp } from '../lib/timestamps.ts';
import { invalidBody } from '../problems/problem.ts';
import { Ref } from './schemas.ts';

const Id = (of: string) =>
  Type.String({
    format: 'uuid',
    description: `id of ${of}`,
    examples: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  });

/** The parameter of one's own key. */
export const ApiKeyParams = Type.Object({ id: Id('an API key') });

/** The parameters of a key of another account. */
export const OwnedApiKeyParams = Type.Object({ id: Id('the owner'), keyId: Id('an API key') });

export const ApiKeyList = Type.Object(
  { apiKeys: Type.Array(Ref(ApiKey)) },
  { description: 'The API keys of an account, oldest first.' },
);

/**
 * Reads a key to make from a body.
 *
 * @param operations of the service
 * @throws {Problem} `validation-failed` for an operation that no key can call, or a time that does not exist
 */
export function toWantedApiKey(
  { expiresAt, operations: names, ...wanted }: ApiKeyBody,
  operations: readonly Operation[],
): WantedApiKey {
  const { problem, namesStepUp } = checkOperations(names ?? [], operations);
  if (problem !== undefined) throw invalidBody(`/operations/${problem.index}`, 'not-listed', problem.message);
  const end = expiresAt === undefined ? undefined : parseTimestamp(expiresAt);
  if (expiresAt !== undefined && end === undefined)
    throw invalidBody('/expiresAt', 'format', 'is a time that does not exist');
  return {
    ...wanted,
    namesStepUp,
    ...(names !== undefined && { operations: names }),
    ...(end !== undefined && { expiresAt: end }),
  };
}
