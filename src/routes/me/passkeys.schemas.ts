import { Type } from 'typebox';
import { Codes } from '../../accounts/authenticators/schemas.ts';
import { Passkey, PasskeyCreationOptions } from '../../accounts/passkeys/schemas.ts';
import { AccessTokenAnswer } from '../../accounts/sessions/schemas.ts';
import { UserName } from '../../accounts/users/schemas.ts';
import { Ref } from '../../http/schemas.ts';

/** A name that the owner gives to a passkey. */
export const PasskeyName = { ...UserName, examples: ['Blue security key'] };

export const PasskeyParams = Type.Object({
  id: Type.String({
    format: 'uuid',
    description: 'id of a passkey',
    examples: ['019db7a5-9c3e-7d1a-8b2f-3c4d5e6f7a8b'],
  }),
});

export const PasskeyEnrolment = Type.Object(
  {
    options: Ref(PasskeyCreationOptions),
    mailCodeRequired: Type.Boolean({
      description:
        'whether `POST /me/passkeys` also takes a code, which was mailed to the address of the account',
      examples: [false],
    }),
  },
  { $id: 'latchkey.PasskeyEnrolment', description: 'The options of a new passkey, for this session.' },
);

/** The answer to a new passkey: the access token of two factors, and the recovery codes. */
export const PasskeyAdded = Type.Object(
  {
    passkey: Ref(Passkey),
    ...AccessTokenAnswer.properties,
    recoveryCodes: Type.Union([Codes, Type.Null()], {
      description:
        'ten codes for the day when the device is lost, shown once; null when the account has some already',
    }),
  },
  {
    $id: 'latchkey.PasskeyAdded',
    description: 'A new passkey, an access token of a session with two factors, and recovery codes.',
  },
);

export const PasskeyChange = Type.Object({ name: PasskeyName }, { additionalProperties: false });
