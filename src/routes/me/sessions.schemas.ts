import { Type } from 'typebox';
import { Session } from '../../accounts/sessions/schemas.ts';
import { reference } from '../../http/schemas.ts';

export const SessionParams = Type.Object({
  id: Type.String({
    format: 'uuid',
    description: 'id of a session',
    examples: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  }),
});

export const Sessions = Type.Object(
  { sessions: Type.Array(reference(Session)) },
  { description: "The caller's sessions, newest first." },
);
