import { type Static, Type } from 'typebox';

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] });

export const Invitation = Type.Object(
  {
    id: Type.String({ format: 'uuid', examples: ['01890a5d-ac96-774b-bcce-b302099a8057'] }),
    email: Type.String({ description: 'email address', examples: ['grace@example.com'] }),
    name: Type.Union([Type.String(), Type.Null()], {
      description: 'name that is suggested to the invited person',
      examples: ['Grace Hopper'],
    }),
    access: Type.Integer({
      minimum: 0,
      description: 'access level that the invitation offers',
      examples: [1],
    }),
    accessName: Type.String({ description: 'name of the access level', examples: ['user'] }),
    inviterId: Type.String({
      format: 'uuid',
      description: 'the admin who invited',
      examples: ['01890a5d-ac96-774b-bcce-b302099a8058'],
    }),
    createdAt: Timestamp,
    expiresAt: Timestamp,
  },
  { $id: 'latchkey.Invitation', description: 'An invitation to become a user that is not accepted yet.' },
);

/** An invitation that the admin hands over; see `POST /users`. */
export const HandedInvitation = Type.Object(
  {
    invitation: Type.Unsafe<Static<typeof Invitation>>({ $ref: 'latchkey.Invitation#' }),
    token: Type.String({
      description: 'for `POST /invitations/accept`; it is shown this once',
      examples: ['dG9rZW50b2tlbnRva2VudG9rZW50b2tlbnRva2VudG8'],
    }),
    link: Type.String({
      format: 'uri',
      description: 'the page of the frontend that accepts the invitation, with the token in its fragment',
      examples: [
        'http://localhost:3000/ui/accept-invitation#token=dG9rZW50b2tlbnRva2VudG9rZW50b2tlbnRva2VudG8',
      ],
    }),
  },
  { $id: 'latchkey.HandedInvitation', description: 'An invitation that was not mailed. Hand over its link.' },
);
export type Invitation = Static<typeof Invitation>;
