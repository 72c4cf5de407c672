import { useState } from 'preact/hooks';
import { Select } from '../../../components/choice.tsx';
import type { Values } from '../../../components/form.tsx';
import { DurationFields, toAccessUntil } from '../../../components/level-fields.tsx';
import { ReasonField } from '../../../components/reason-field.tsx';
import { useSettings } from '../../../lib/settings.ts';
import { levelTexts } from '../../../texts/console/levels.ts';
import { userTexts } from '../../../texts/console/user.ts';
import { changing, reasonOf } from './act.ts';
import { type Act, ChangeDialog, type ChangeDialogProps } from './change-dialog.tsx';
import type { Rights, User } from './person.ts';

const own = userTexts.level;

interface LevelDialogProps extends Pick<ChangeDialogProps, 'shown' | 'levels' | 'end'> {
  readonly rights: Rights;
}

/**
 * Gives a user another level: for good, or for a time where it is above the permanent one. Only levels that
 * the reader may give can be chosen.
 */
export function LevelDialog({ shown, rights, levels, end }: LevelDialogProps) {
  // As it was when the dialog was opened: below a form, nothing moves.
  const [user] = useState(shown.user);
  const { access, permanentAccess = access } = user;
  const [choices] = useState(
    levels.all.filter(([level]) => level <= rights.highest || level === permanentAccess),
  );
  const [level, setLevel] = useState(choices.some(([one]) => one === access) ? access : permanentAccess);
  const { data: settings } = useSettings();

  const toAct = (values: Values): Act | { error: string } => {
    const wanted = choices.find(([number]) => String(number) === values.access)?.[0];
    if (wanted === undefined) return { error: levelTexts.level };
    const accessUntil = toAccessUntil(values);
    const body = { access: wanted, ...(accessUntil !== null && { accessUntil }), ...reasonOf(values) };
    const mine = {
      access: wanted,
      accessUntil,
      ...(accessUntil === null && { permanentAccess: wanted }),
    };
    return changing(user.id, body, mine, rights.isSelf && isLower(user, wanted) ? askSelf : undefined);
  };
  return (
    <ChangeDialog {...{ shown, levels, end, toAct }} title={own.title} submit={own.submit} done={own.done}>
      <Select
        name="access"
        label={levelTexts.level}
        options={choices.map(([number, name]) => [String(number), name])}
        value={String(level)}
        onChange={(value) => setLevel(Number(value))}
      />
      {level > permanentAccess ? (
        <DurationFields initial="3600" after={levelTexts.backTo(levels.nameOf(permanentAccess))} />
      ) : (
        <p class="muted">{own.forGood}</p>
      )}
      <ReasonField label={userTexts.reason} />
      <p class="muted">
        {own.applies} {settings?.mail === false ? userTexts.noMail : own.mail}
      </p>
    </ChangeDialog>
  );
}

const askSelf: Act['ask'] = { title: own.askSelf, text: own.askSelfText, submit: own.askSelfSubmit };

/** Tells whether somebody with a new level may do less than now. */
function isLower({ access, permanentAccess = access }: User, wanted: number): boolean {
  return wanted < Math.max(access, permanentAccess);
}
