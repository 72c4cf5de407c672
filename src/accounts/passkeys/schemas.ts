import { type Static, Type } from 'typebox';
import { UserName } from '../users/schemas.ts';
import { CredentialId, Transports } from './credential.schemas.ts';

const Challenge = Type.String({
  description: 'sealed for this ceremony, valid for 5 minutes and used once',
  examples: ['AZ23q0b_dXqIq0s2dGVzdA'],
});
const Timeout = Type.Integer({ description: 'milliseconds', examples: [300_000] });
const UserVerification = Type.Enum(['required', 'preferred'], { examples: ['required'] });
const Descriptors = Type.Array(
  Type.Object({
    type: Type.Literal('public-key'),
    id: CredentialId,
    transports: Type.Optional(Transports),
  }),
);

/** Options of `navigator.credentials.get()`, as JSON. */
export const PasskeyRequestOptions = Type.Object(
  {
    challenge: Challenge,
    timeout: Timeout,
    rpId: Type.String({ examples: ['auth.example.com'] }),
    userVerification: UserVerification,
    allowCredentials: Type.Optional(Descriptors),
  },
  {
    $id: 'latchkey.PasskeyRequestOptions',
    description:
      'Options for `navigator.credentials.get()`: `PublicKeyCredential.parseRequestOptionsFromJSON()` takes them.',
  },
);
export type PasskeyRequestOptions = Static<typeof PasskeyRequestOptions>;

/** Options of `navigator.credentials.create()`, as JSON. */
export const PasskeyCreationOptions = Type.Object(
  {
    challenge: Challenge,
    timeout: Timeout,
    rp: Type.Object({
      id: Type.String({ examples: ['auth.example.com'] }),
      name: Type.String({ examples: ['auth.example.com'] }),
    }),
    user: Type.Object({
      id: Type.String({ description: 'the user handle, in base64url', examples: ['MDE5ZGI3'] }),
      name: Type.String({ examples: ['ada@example.com'] }),
      displayName: Type.String({ examples: ['Ada Lovelace'] }),
    }),
    pubKeyCredParams: Type.Array(
      Type.Object({ type: Type.Literal('public-key'), alg: Type.Integer({ examples: [-7] }) }),
    ),
    authenticatorSelection: Type.Object({
      residentKey: Type.Enum(['required', 'preferred'], { examples: ['required'] }),
      requireResidentKey: Type.Boolean({ examples: [true] }),
      userVerification: UserVerification,
    }),
    attestation: Type.Literal('none'),
    excludeCredentials: Descriptors,
  },
  {
    $id: 'latchkey.PasskeyCreationOptions',
    description:
      'Options for `navigator.credentials.create()`: `PublicKeyCredential.parseCreationOptionsFromJSON()` takes them.',
  },
);
export type PasskeyCreationOptions = Static<typeof PasskeyCreationOptions>;

/** A passkey of an account, as its owner sees it. */
export const Passkey = Type.Object(
  {
    id: Type.String({ format: 'uuid', examples: ['019db7a5-9c3e-7d1a-8b2f-3c4d5e6f7a8b'] }),
    name: UserName,
    synced: Type.Boolean({
      description: 'whether it can be copied to other devices of its owner',
      examples: [true],
    }),
    createdAt: Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] }),
    lastUsedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'when it was last used to sign in; null when never',
      examples: ['2026-01-31T12:00:00.000Z'],
    }),
  },
  { $id: 'latchkey.Passkey', description: 'A passkey of an account.' },
);
export type Passkey = Static<typeof Passkey>;
