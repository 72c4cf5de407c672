import { type Static, Type } from 'typebox';

/** The flow of a code, as a client sends it back. */
export const GivenFlow = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'the `flow` of the answer to `POST /login/email`',
  examples: ['Zmxvd2Zsb3dmbG93Zmxvd2Zsb3dmbG93Zmxvd2Zsb3c'],
});

/** The answer to a request for a mailed code. It does not say whether there is an account. */
export const MailCodeFlow = Type.Object(
  {
    flow: Type.String({
      description: 'for the client that asked: the code of the mail is good only together with it',
      examples: ['Zmxvd2Zsb3dmbG93Zmxvd2Zsb3dmbG93Zmxvd2Zsb3c'],
    }),
    detail: Type.String({
      examples: ['If the address can be used for this, a mail is on its way to it.'],
    }),
  },
  { $id: 'latchkey.MailCodeFlow', description: 'Accepted; the code is in a mail.' },
);
export type MailCodeFlow = Static<typeof MailCodeFlow>;
