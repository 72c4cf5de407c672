import { api } from '../../../session.ts';
import type { Act } from './change-dialog.tsx';
import type { Mine } from './conflict.tsx';
import type { Wanted } from './person.ts';

/** Makes the act of a change. @param mine what it makes of the user, to be compared */
export function changing(id: string, wanted: Wanted, mine: Mine, ask?: Act['ask']): Act {
  return {
    send: (etag) =>
      api.PATCH('/users/{id}', {
        params: { path: { id }, header: { 'if-match': etag } },
        body: wanted,
      }),
    mine,
    ask,
  };
}

/** The reason that was typed; none when the field is empty, for the service takes no empty one. */
export function reasonOf({ reason = '' }: Readonly<Record<string, string>>): Pick<Wanted, 'reason'> {
  return reason.trim() === '' ? {} : { reason };
}
