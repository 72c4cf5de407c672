import { Type } from 'typebox';

/** The related origins of passkeys (WebAuthn Level 3 section 5.11). */
export const RelatedOrigins = Type.Object(
  { origins: Type.Array(Type.String({ examples: ['https://app.example.com'] })) },
  { description: 'The origins whose pages may use the passkeys of this RP ID.' },
);

export const KeySet = Type.Object(
  {
    keys: Type.Array(
      Type.Object({
        kty: Type.String({ examples: ['EC'] }),
        kid: Type.String({
          description: 'RFC 7638 thumbprint',
          examples: ['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'],
        }),
        alg: Type.String({ examples: ['ES256'] }),
        use: Type.Literal('sig'),
        crv: Type.Optional(Type.String({ examples: ['P-256'] })),
        x: Type.Optional(Type.String()),
        y: Type.Optional(Type.String()),
        n: Type.Optional(Type.String()),
        e: Type.Optional(Type.String()),
      }),
    ),
  },
  { description: 'The public keys of the access tokens (RFC 7517 section 5).' },
);

const Url = (path: string) => Type.String({ format: 'uri', examples: [`https://id.example.com${path}`] });

export const AuthorizationServer = Type.Object(
  {
    issuer: Url(''),
    jwks_uri: Url('/.well-known/jwks.json'),
    response_types_supported: Type.Array(Type.String()),
    grant_types_supported: Type.Array(Type.String()),
    introspection_endpoint: Url('/introspect'),
    introspection_endpoint_auth_methods_supported: Type.Array(Type.String({ examples: ['Bearer'] })),
    revocation_endpoint: Url('/revoke'),
    revocation_endpoint_auth_methods_supported: Type.Array(Type.String({ examples: ['none'] })),
    acr_values_supported: Type.Array(Type.String({ examples: ['1'] })),
    service_documentation: Url('/docs'),
  },
  { description: 'The metadata of the authorization server (RFC 8414 section 2). It has no token endpoint.' },
);

export const ProtectedResource = Type.Object(
  {
    resource: Url(''),
    authorization_servers: Type.Array(Url('')),
    bearer_methods_supported: Type.Array(Type.String({ examples: ['header'] })),
    resource_documentation: Url('/docs'),
  },
  { description: 'The metadata of the API as a protected resource (RFC 9728 section 2).' },
);
