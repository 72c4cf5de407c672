import { Type } from 'typebox';

export const Settings = Type.Object(
  {
    settings: Type.Array(
      Type.Object({
        name: Type.String({ description: 'name of the variable', examples: ['ACCESS_TOKEN_TTL'] }),
        value: Type.Union([Type.String(), Type.Null()], {
          description: 'the value that the process runs with; null for a secret, and where there is none',
          examples: ['900'],
        }),
        source: Type.Enum(['environment', 'default'], {
          description:
            '`environment`: set by the environment, `.env`, a file or an option of the plugin; `default`: not set',
          examples: ['default'],
        }),
        secret: Type.Boolean({
          description:
            'whether its value is never shown: keys, passwords, and URLs that may have one in them',
          examples: [false],
        }),
        isSet: Type.Boolean({ description: 'whether it is set', examples: [false] }),
      }),
      { description: 'the variables of the configuration, in the order of its reference' },
    ),
    levels: Type.Array(
      Type.Object({
        access: Type.Integer({ description: 'access level', examples: [1] }),
        name: Type.String({ description: 'its name', examples: ['user'] }),
      }),
      { description: 'the access levels, ascending' },
    ),
    keys: Type.Array(
      Type.Object({
        kid: Type.String({
          description: 'RFC 7638 thumbprint of the public key',
          examples: ['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'],
        }),
        alg: Type.Enum(['ES256', 'EdDSA', 'RS256'], { examples: ['ES256'] }),
        createdAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
          description: 'when the service first started with it; null when that is not recorded',
          examples: ['2026-01-31T12:00:00.000Z'],
        }),
        state: Type.Enum(['signing', 'verifying'], {
          description: '`signing`: new tokens are signed with it; `verifying`: tokens of it are accepted',
          examples: ['signing'],
        }),
      }),
      { description: 'the keys of access tokens, the one that signs first' },
    ),
    findings: Type.Array(
      Type.Object({
        check: Type.String({ description: 'what was checked', examples: ['public URL'] }),
        level: Type.Enum(['ok', 'warning', 'error'], { examples: ['ok'] }),
        text: Type.String({ description: 'what was found', examples: ['https://accounts.example.com'] }),
        advice: Type.Union([Type.String(), Type.Null()], {
          description: 'what to do; null when all is well',
          examples: [null],
        }),
      }),
      { description: 'what `latchkey doctor` says, as far as a running service can tell' },
    ),
    checkedAt: Type.String({
      format: 'date-time',
      description: 'when the findings were made: at most some seconds ago',
      examples: ['2026-01-31T12:00:00.000Z'],
    }),
  },
  { description: 'The configuration as it runs, without secrets.' },
);
