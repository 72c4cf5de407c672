import { type Static, Type } from 'typebox';
import { User } from './schemas.ts';

/** A user who was just made, as the owner sees it. */
export const NewUser = Type.Object(
  {
    ...User.properties,
    recoveryCodes: Type.Optional(
      Type.Array(Type.String({ description: 'good for one sign-in', examples: ['7h2k-9m4p-x3vq-0a8d'] }), {
        description:
          'ten codes for the day when the device is lost, shown once, for an account with a passkey; else left out',
      }),
    ),
  },
  {
    $id: 'latchkey.NewUser',
    description: 'A user, and the recovery codes of an account that was made with a passkey.',
  },
);
export type NewUser = Static<typeof NewUser>;
