import { type Static, Type } from 'typebox';

/** Characters of a credential id: 1,023 bytes at most (WebAuthn Level 3 section 4) in base64url. */
const MAX_CREDENTIAL_ID = 1_364;
const MAX_CLIENT_DATA = 4_096;
const MAX_AUTHENTICATOR_DATA = 4_096;
const MAX_ATTESTATION = 12_288;
const MAX_SIGNATURE = 1_024;
/** Characters of a user handle: 64 bytes in base64url. */
const MAX_USER_HANDLE = 86;

const BASE64URL = '^[A-Za-z0-9_\\-]*$';
const Base64url = (maxLength: number, example: string) =>
  Type.String({ maxLength, pattern: BASE64URL, examples: [example] });

/** The id of a credential, in base64url. */
export const CredentialId = Base64url(MAX_CREDENTIAL_ID, 'Y3JlZGVudGlhbC1vZi1hZGE');
const ClientData = Base64url(
  MAX_CLIENT_DATA,
  'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiWTJoaGJHeGxibWRsIiwib3JpZ2luIjoiaHR0cHM6Ly9hdXRoLmV4YW1wbGUuY29tIn0',
);
/** The ways in which browsers reach an authenticator. */
export const Transports = Type.Array(
  Type.String({ maxLength: 20, pattern: '^[a-z\\-]+$', examples: ['internal'] }),
  {
    maxItems: 8,
  },
);

/** Members that every credential of a browser has, beside its response. Latchkey reads the id alone. */
const credentialMembers = {
  id: CredentialId,
  rawId: CredentialId,
  type: Type.Literal('public-key'),
  authenticatorAttachment: Type.Optional(
    Type.Union([Type.String({ maxLength: 20 }), Type.Null()], { examples: ['platform'] }),
  ),
  clientExtensionResults: Type.Optional(
    Type.Object({}, { description: 'not looked at', examples: [{ credProps: { rk: true } }] }),
  ),
};

/** An example of an answer, for the bodies that it is in. */
export const exampleAssertion = {
  id: 'Y3JlZGVudGlhbC1vZi1hZGE',
  rawId: 'Y3JlZGVudGlhbC1vZi1hZGE',
  type: 'public-key',
  response: {
    clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0',
    authenticatorData: 'SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAQ',
    signature: 'MEUCIQDx',
    userHandle: 'MDE5ZGI3',
  },
};

/** A passkey's answer to a challenge: what `PublicKeyCredential.toJSON()` returns after `get()`. */
export const PasskeyAssertion = Type.Object(
  {
    ...credentialMembers,
    response: Type.Object(
      {
        clientDataJSON: ClientData,
        authenticatorData: Base64url(
          MAX_AUTHENTICATOR_DATA,
          'SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAQ',
        ),
        signature: Base64url(MAX_SIGNATURE, 'MEUCIQDx'),
        userHandle: Type.Optional(
          Type.Union([Base64url(MAX_USER_HANDLE, 'MDE5ZGI3'), Type.Null()], { examples: ['MDE5ZGI3'] }),
        ),
      },
      { additionalProperties: false },
    ),
  },
  {
    $id: 'latchkey.PasskeyAssertion',
    additionalProperties: false,
    description: 'A passkey’s answer: the `AuthenticationResponseJSON` of WebAuthn Level 3.',
    examples: [exampleAssertion],
  },
);
export type PasskeyAssertion = Static<typeof PasskeyAssertion>;

/** An example of a new passkey, for the bodies that it is in. */
export const exampleAttestation = {
  id: 'Y3JlZGVudGlhbC1vZi1hZGE',
  rawId: 'Y3JlZGVudGlhbC1vZi1hZGE',
  type: 'public-key',
  response: {
    clientDataJSON: 'eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0',
    attestationObject: 'o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVg',
    transports: ['internal'],
  },
};

/** A new passkey: what `PublicKeyCredential.toJSON()` returns after `create()`. */
export const PasskeyAttestation = Type.Object(
  {
    ...credentialMembers,
    response: Type.Object(
      {
        clientDataJSON: ClientData,
        attestationObject: Base64url(MAX_ATTESTATION, 'o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVg'),
        transports: Type.Optional(Transports),
        authenticatorData: Type.Optional(Base64url(MAX_ATTESTATION, 'SZYN5YgOjGh0NBcPZHZgW4')),
        publicKey: Type.Optional(
          Type.Union([Base64url(MAX_ATTESTATION, 'MFkwEwYHKoZIzj0CAQ'), Type.Null()], {
            examples: ['MFkwEwYHKoZIzj0CAQ'],
          }),
        ),
        publicKeyAlgorithm: Type.Optional(Type.Integer({ examples: [-7] })),
      },
      { additionalProperties: false },
    ),
  },
  {
    $id: 'latchkey.PasskeyAttestation',
    additionalProperties: false,
    description: 'A new passkey: the `RegistrationResponseJSON` of WebAuthn Level 3.',
    examples: [exampleAttestation],
  },
);
export type PasskeyAttestation = Static<typeof PasskeyAttestation>;
