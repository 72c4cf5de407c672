import { type Static, Type } from 'typebox';

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] });

export const ServiceAccount = Type.Object(
  {
    id: Type.String({ format: 'uuid', examples: ['01890a5d-ac96-774b-bcce-b302099a8057'] }),
    name: Type.String({ examples: ['reports'] }),
    access: Type.Integer({ minimum: 0, description: 'access level', examples: [1] }),
    accessName: Type.String({ description: 'name of the access level', examples: ['user'] }),
    disabled: Type.Boolean({ description: 'its keys are suspended while it is disabled', examples: [false] }),
    apiKeys: Type.Integer({
      minimum: 0,
      description: 'number of its API keys that have not expired',
      examples: [1],
    }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  {
    $id: 'latchkey.ServiceAccount',
    description: 'A user without a password and an address, which acts with API keys.',
  },
);
export type ServiceAccount = Static<typeof ServiceAccount>;
