import { ReasonField } from '../../../components/reason-field.tsx';
import { userTexts } from '../../../texts/console/user.ts';
import { changing, reasonOf } from './act.ts';
import { ChangeDialog } from './change-dialog.tsx';
import { Opens, type PartProps } from './opens.tsx';

/** Disables the account, or enables it again. */
export function StateButton({ shown, rights, levels, done }: PartProps) {
  const { id, disabled = false } = shown.user;
  const text = disabled ? userTexts.enable : userTexts.disable;
  return (
    <Opens label={text.open} done={done}>
      {(end) => (
        <ChangeDialog
          title={text.title}
          submit={text.submit}
          tone={disabled ? 'primary' : 'danger'}
          done={text.done}
          shown={shown}
          levels={levels}
          end={end}
          toAct={(values) =>
            changing(id, { disabled: !disabled, ...reasonOf(values) }, { disabled: !disabled })
          }
        >
          <p>{text.text}</p>
          {rights.isSelf && <p>{userTexts.disable.self}</p>}
          <ReasonField label={userTexts.reason} />
        </ChangeDialog>
      )}
    </Opens>
  );
}
