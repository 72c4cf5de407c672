import { useState } from 'preact/hooks';
import { useGrants } from '../lib/grants.ts';
import { levelTexts as own } from '../texts/console/levels.ts';
import { Select } from './choice.tsx';
import { Field } from './field.tsx';
import type { Values } from './form.tsx';
import { Loaded } from './states.tsx';

const CHOSEN_TIME = 'until';
const FOR_GOOD = '';
// Members of an object that are numbers come first, ascending.
const durations = Object.entries(own.durations);

interface LevelSelectProps {
  readonly value: number | undefined;
  /** The choice of none, where there is one. */
  readonly none?: string;
}

/** The levels that the reader may give. */
export function LevelSelect({ value, none }: LevelSelectProps) {
  const grants = useGrants();
  return (
    <Loaded resource={grants}>
      {({ levels }) => (
        <Select
          name="access"
          label={own.level}
          hint={own.levelHint}
          value={value === undefined ? '' : String(value)}
          options={[
            ...(none === undefined ? [] : [['', none] as const]),
            ...levels.map(({ access, accessName }) => [String(access), accessName] as const),
          ]}
        />
      )}
    </Loaded>
  );
}

interface DurationFieldsProps {
  /** Seconds, as the list has them; without it, the level is for good. */
  readonly initial?: keyof typeof own.durations;
  /** What comes after it. */
  readonly after: string;
}

/** How long a level counts. */
export function DurationFields({ initial = FOR_GOOD, after }: DurationFieldsProps) {
  const [duration, setDuration] = useState<string>(initial);
  return (
    <>
      <Select
        name="duration"
        label={own.duration}
        options={durations}
        value={duration}
        hint={duration === FOR_GOOD ? own.noEnd : after}
        onChange={setDuration}
      />
      {duration === CHOSEN_TIME && (
        <Field
          name="accessUntil"
          label={own.untilField}
          type="datetime-local"
          autocomplete="off"
          hint={own.zone(new Intl.DateTimeFormat().resolvedOptions().timeZone)}
        />
      )}
    </>
  );
}

/**
 * Reads the end of a level from the values of {@link DurationFields}: a time of the reader's zone.
 *
 * @returns null for a level without an end, and where the form has no such fields
 */
export function toAccessUntil({ duration = FOR_GOOD, accessUntil = '' }: Values): string | null {
  if (duration === FOR_GOOD) return null;
  const time =
    duration === CHOSEN_TIME ? new Date(accessUntil) : new Date(Date.now() + Number(duration) * 1_000);
  // The service says what is wrong with a text that is no time.
  return Number.isNaN(time.getTime()) ? accessUntil : time.toISOString();
}
