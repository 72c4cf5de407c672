import { Type } from 'typebox';

export const RefreshRequest = Type.Object(
  {
    refreshToken: Type.String({
      maxLength: 256,
      description: 'the `refreshToken` of the last answer',
      examples: ['01890a5d-ac96-774b-bcce-b302099a8057.0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE'],
    }),
  },
  { additionalProperties: false },
);
