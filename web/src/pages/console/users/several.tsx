import { useState } from 'preact/hooks';
import { useCan } from '../../../lib/can.ts';
import type { User } from '../../../lib/change-as-shown.ts';
import { usersTexts } from '../../../texts/console/users.ts';
import { ACTIONS, type Action } from './actions.ts';
import { SeveralDialog } from './several-dialog.tsx';

const own = usersTexts.several;

interface SeveralProps {
  readonly people: readonly User[];
  readonly ownId: string | undefined;
  readonly clear: () => void;
  /** Called when something was done; `left` are those to whom it was not. */
  readonly finish: (text: string, left: readonly User[]) => void;
}

/** What can be done to the people who are chosen. It stays in sight below the list. */
export function Several({ people, ownId, clear, finish }: SeveralProps) {
  const [action, setAction] = useState<Action>();
  const { can } = useCan();
  const open = ACTIONS.filter(({ operation }) => can(operation));
  return (
    <section class="several" aria-label={own.label}>
      <p role="status">{own.chosen(people.length)}</p>
      <div class="several-actions">
        {open.map((one) => (
          <button key={one.name} type="button" class="button" onClick={() => setAction(one)}>
            {own[one.name]}
          </button>
        ))}
        <button type="button" class="link" onClick={clear}>
          {own.none}
        </button>
      </div>
      {action !== undefined && (
        <SeveralDialog
          action={action}
          people={ownLast(people, ownId)}
          isYourself={people.some(({ id }) => id === ownId)}
          close={(outcome) => {
            setAction(undefined);
            if (outcome !== undefined) finish(outcome.text, outcome.left);
          }}
        />
      )}
    </section>
  );
}

/** The reader may be signed out, or no longer an admin, by what is done. */
function ownLast(people: readonly User[], ownId: string | undefined): readonly User[] {
  return [...people.filter(({ id }) => id !== ownId), ...people.filter(({ id }) => id === ownId)];
}
