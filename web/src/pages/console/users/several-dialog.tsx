import { useState } from 'preact/hooks';
import { Dialog } from '../../../components/dialog.tsx';
import { Form, type Values } from '../../../components/form.tsx';
import { DurationFields, LevelSelect } from '../../../components/level-fields.tsx';
import { Notice } from '../../../components/notice.tsx';
import { ReasonField } from '../../../components/reason-field.tsx';
import { useBatch } from '../../../lib/batch.ts';
import type { User, UserChange } from '../../../lib/change-as-shown.ts';
import { levelTexts } from '../../../texts/console/levels.ts';
import { usersTexts } from '../../../texts/console/users.ts';
import { type Action, ChangedMeanwhile, doTo, toChange } from './actions.ts';
import { Progress } from './progress.tsx';

const own = usersTexts.several;

/** Names that are shown before anything is done. */
const MAX_NAMES = 8;

interface SeveralDialogProps {
  readonly action: Action;
  readonly people: readonly User[];
  readonly isYourself: boolean;
  readonly close: (outcome?: { readonly text: string; readonly left: readonly User[] }) => void;
}

/** Asks what is to be done to several people, does it one after the other, and says what came of each. */
export function SeveralDialog({ action, people, isYourself, close }: SeveralDialogProps) {
  const [shown, setShown] = useState(() => new Map(people.map((user) => [user.id, user])));
  const [change, setChange] = useState<UserChange>();
  const [hasBegun, setBegun] = useState(false);
  const batch = useBatch<'done' | 'same'>([...shown.keys()], async (id) => {
    const user = shown.get(id);
    if (user === undefined) return {};
    const outcome = await doTo(user, change);
    // The reader sees it now: another try is about this state.
    if (outcome.error instanceof ChangedMeanwhile) {
      const now = outcome.error.user;
      setShown((before) => new Map(before).set(id, now));
    }
    return outcome;
  });
  const begin = async (values: Values) => {
    // The levels are not loaded, which the form says already.
    if (action.name === 'level' && values.access === undefined) return {};
    setChange(toChange(action, values));
    setBegun(true);
    return {};
  };
  const leave = () => {
    if (!hasBegun) return close();
    if (batch.isRunning) return batch.stop();
    const left = [...shown.values()].filter(({ id }) => batch.states.get(id)?.is !== 'done');
    close({ text: own.finished(shown.size - left.length, shown.size), left });
  };
  return (
    <Dialog
      title={own.titles[action.name](people.length)}
      close={leave}
      {...(hasBegun && { leave: batch.isRunning ? own.stop : own.close })}
    >
      {hasBegun ? (
        <Progress batch={batch} people={[...shown.values()]} />
      ) : (
        <>
          <Names people={people} />
          <p>{own.explain[action.name]}</p>
          {isYourself && <Notice tone="warning">{own.yourself[action.name]}</Notice>}
          <Form submit={own.submit[action.name]} tone={action.tone} send={begin}>
            {action.name === 'level' && (
              <>
                <LevelSelect value={people[0]?.access} />
                <DurationFields after={levelTexts.back} />
              </>
            )}
            {action.name !== 'sessions' && <ReasonField />}
          </Form>
        </>
      )}
    </Dialog>
  );
}

function Names({ people }: { readonly people: readonly User[] }) {
  return (
    <ul class="names">
      {people.slice(0, MAX_NAMES).map(({ id, name }) => (
        <li key={id}>
          <bdi dir="auto">{name}</bdi>
        </li>
      ))}
      {people.length > MAX_NAMES && <li class="muted">{own.more(people.length - MAX_NAMES)}</li>}
    </ul>
  );
}
