import { type Static, Type } from 'typebox';
import type { Passkey } from '../passkeys/schemas.ts';
import { AccessTokenAnswer } from '../sessions/schemas.ts';

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] });
const OrNull = (description: string) =>
  Type.Union([Timestamp, Type.Null()], { description, examples: ['2026-01-31T12:00:00.000Z'] });

/** A secret for an authenticator app. It is shown once. */
export const TotpEnrolment = Type.Object(
  {
    secret: Type.String({
      description: 'the secret in base32, to be typed into an authenticator app',
      examples: ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'],
    }),
    uri: Type.String({
      description: 'the same as an `otpauth://` URI, for a QR code',
      examples: [
        'otpauth://totp/auth.example.com:ada%40example.com?issuer=auth.example.com&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
      ],
    }),
    expiresAt: Type.String({
      format: 'date-time',
      description: 'until then it can be confirmed',
      examples: ['2026-01-31T12:10:00.000Z'],
    }),
    mailCodeRequired: Type.Boolean({
      description: 'whether confirming also takes a code, which was mailed to the address of the account',
      examples: [false],
    }),
  },
  {
    $id: 'latchkey.TotpEnrolment',
    description: 'A secret for an authenticator app, which waits for its first code.',
  },
);
export type TotpEnrolment = Static<typeof TotpEnrolment>;

/** Recovery codes, which an answer shows once. */
export const Codes = Type.Array(
  Type.String({ description: 'good for one sign-in', examples: ['7h2k-9m4p-x3vq-0a8d'] }),
);

/** The answer to a confirmation: the access token of two factors, and the recovery codes. */
export const TotpConfirmed = Type.Object(
  {
    ...AccessTokenAnswer.properties,
    recoveryCodes: Type.Union([Codes, Type.Null()], {
      description:
        'ten codes for the day when the device is lost, shown once; null when the account has some already',
    }),
  },
  {
    $id: 'latchkey.TotpConfirmed',
    description: 'An access token of a session with two factors, and recovery codes.',
  },
);
export type TotpConfirmed = Static<typeof TotpConfirmed>;

/** New recovery codes. They are shown once. */
export const RecoveryCodes = Type.Object(
  { recoveryCodes: Codes },
  { $id: 'latchkey.RecoveryCodes', description: 'New recovery codes; those of before are void.' },
);
export type RecoveryCodes = Static<typeof RecoveryCodes>;

/** The authenticators of an account, without their secrets. */
export const Authenticators = Type.Object(
  {
    password: Type.Boolean({ description: 'whether the account has a password', examples: [true] }),
    totp: Type.Union(
      [
        Type.Object({
          createdAt: Timestamp,
          lastUsedAt: OrNull('when a code was last accepted'),
        }),
        Type.Null(),
      ],
      { description: 'the authenticator app; null when there is none' },
    ),
    passkeys: Type.Array(Type.Unsafe<Passkey>({ $ref: 'latchkey.Passkey#' }), {
      description: 'the passkeys, oldest first',
    }),
    recoveryCodes: Type.Object(
      {
        left: Type.Integer({ minimum: 0, description: 'codes that are not used yet', examples: [10] }),
        createdAt: OrNull('when they were made; null when none is left'),
      },
      { description: 'the recovery codes' },
    ),
  },
  { $id: 'latchkey.Authenticators', description: 'The authenticators of an account.' },
);
export type Authenticators = Static<typeof Authenticators>;
