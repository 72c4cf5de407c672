import { PersonLink } from '../../../components/person-link.tsx';
import { Loaded } from '../../../components/states.tsx';
import type { User } from '../../../lib/change-as-shown.ts';
import { usePeople } from '../../../lib/people.ts';
import { useResource } from '../../../lib/resource.ts';
import { api } from '../../../session.ts';
import { elevatedTexts as own } from '../../../texts/console/elevated.ts';

/** The reason of an elevation, and who gave it: the newest change of the level in the audit. */
export function Why({ user: { id, accessUntil } }: { readonly user: User }) {
  const event = useResource(async () => {
    const query = { target: id, action: 'user.access-changed', limit: 1 } as const;
    const { data, error } = await api.GET('/audit-events', { params: { query } });
    return data === undefined ? { error } : { data: { newest: data.events[0] } };
  });
  const actorId = event.data?.newest?.actorId ?? undefined;
  const people = usePeople(actorId === undefined ? [] : [actorId]);
  return (
    <Loaded resource={event}>
      {({ newest }) =>
        // Another event means that the elevation is older than the audit, or was imported.
        newest === undefined || Object(newest.after).accessUntil !== accessUntil ? (
          <span class="muted">{own.unknown}</span>
        ) : (
          <>
            {newest.reason === null ? (
              <span class="muted">{own.noReason}</span>
            ) : (
              <bdi dir="auto">{newest.reason}</bdi>
            )}
            <br />
            <span class="muted">
              {own.by} {actorId === undefined ? own.service : <PersonLink id={actorId} people={people} />}
            </span>
          </>
        )
      }
    </Loaded>
  );
}
