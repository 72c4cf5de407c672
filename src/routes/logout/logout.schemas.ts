import { Type } from 'typebox';

export const LogoutRequest = Type.Object(
  {
    refreshToken: Type.Optional(
      Type.String({
        maxLength: 256,
        description: 'a refresh token of the session, for a client without a valid access token',
        examples: ['01890a5d-ac96-774b-bcce-b302099a8057.0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE'],
      }),
    ),
  },
  { additionalProperties: false },
);
