import { Type } from 'typebox';
import { ServiceAccount } from '../../accounts/service-accounts/schemas.ts';
import { AssignableAccess, UserName } from '../../accounts/users/schemas.ts';
import type { AccessLevel } from '../../config/index.ts';
import { Ref } from '../../http/schemas.ts';

export const ServiceAccountParams = Type.Object({
  id: Type.String({
    format: 'uuid',
    description: 'id of a service account',
    examples: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  }),
});

export const ServiceAccounts = Type.Object(
  { serviceAccounts: Type.Array(Ref(ServiceAccount)) },
  { description: 'The service accounts, oldest first.' },
);

const ServiceName = { ...UserName, examples: ['reports'] };

export const ServiceAccountBody = (levels: readonly AccessLevel[]) =>
  Type.Object({ name: ServiceName, access: AssignableAccess(levels) }, { additionalProperties: false });

export const ServiceAccountChange = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      name: Type.Optional(ServiceName),
      access: Type.Optional(AssignableAccess(levels)),
      disabled: Type.Optional(
        Type.Boolean({ description: 'true suspends all of its keys', examples: [false] }),
      ),
    },
    { additionalProperties: false, minProperties: 1, examples: [{ name: 'reports' }] },
  );
