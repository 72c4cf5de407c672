import { Type } from 'typebox';

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
