import { useEffect, useRef } from 'preact/hooks';
import { Notice } from '../../../components/notice.tsx';
import type { Batch, ItemState } from '../../../lib/batch.ts';
import type { User } from '../../../lib/change-as-shown.ts';
import { describeDuration, useCountdown } from '../../../lib/countdown.ts';
import { usersTexts } from '../../../texts/console/users.ts';
import { describeFailure } from './actions.ts';

const own = usersTexts.several;

type State = ItemState<'done' | 'same'>;

interface ProgressProps {
  readonly batch: Batch<'done' | 'same'>;
  readonly people: readonly User[];
}

/** What came of each person so far. It begins by itself, and those that are left can be tried again. */
export function Progress({ batch, people }: ProgressProps) {
  const { states, isRunning, waitsUntil, start } = batch;
  const status = useRef<HTMLParagraphElement>(null);
  const wait = useCountdown(waitsUntil);
  // The button that was pressed is gone, before this and after each retry.
  useEffect(() => {
    status.current?.focus();
    start();
  }, []);
  const retry = () => {
    status.current?.focus();
    start();
  };
  const stateOf = ({ id }: User): State => states.get(id) ?? { is: 'waiting' };
  const done = people.filter((user) => stateOf(user).is === 'done').length;
  const left = people.length - done;
  const rows = isRunning ? people : [...people].sort((a, b) => rank(stateOf(a)) - rank(stateOf(b)));
  return (
    <>
      <p ref={status} class="value" tabIndex={-1}>
        {own.progress(done, people.length)}
      </p>
      <progress value={done} max={people.length} aria-label={own.progress(done, people.length)} />
      {/* Announced when it is over: the count changes with each person. */}
      <p class="visually-hidden" role="status">
        {!isRunning && own.finished(done, people.length)}
      </p>
      {wait > 0 && <Notice tone="warning">{own.waits(describeDuration(wait))}</Notice>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by the keyboard too */}
      <ul class="results" aria-label={own.results} tabIndex={0}>
        {rows.map((user) => (
          <li key={user.id} class={stateOf(user).is}>
            <bdi dir="auto">{user.name}</bdi>
            <span>{describe(stateOf(user))}</span>
          </li>
        ))}
      </ul>
      {!isRunning && left > 0 && (
        <button type="button" class="button primary" onClick={retry}>
          {own.retry(left)}
        </button>
      )}
    </>
  );
}

/** Those that ask for something come first. */
function rank({ is }: State): number {
  return { failed: 0, running: 1, waiting: 2, done: 3 }[is];
}

function describe(state: State): string {
  if (state.is === 'failed') return describeFailure(state.error);
  return state.is === 'done' ? own[state.result] : own[state.is];
}
