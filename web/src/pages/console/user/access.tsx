import { Part } from '../../../components/part.tsx';
import { ReasonField } from '../../../components/reason-field.tsx';
import { Failed } from '../../../components/states.tsx';
import { Time } from '../../../components/time.tsx';
import { userTexts } from '../../../texts/console/user.ts';
import { changing, reasonOf } from './act.ts';
import { ChangeDialog } from './change-dialog.tsx';
import { LevelDialog } from './level-dialog.tsx';
import { permanentLevelOf } from './levels.ts';
import { Opens, type PartProps } from './opens.tsx';
import { StateButton } from './state-button.tsx';

const own = userTexts.access;

/** The level of the user, until when, and whether the user may sign in at all. */
export function Access(props: PartProps) {
  const { shown, rights, levels } = props;
  const { access, accessName, accessUntil, permanentAccess, disabled } = shown.user;
  const isLimited = typeof accessUntil === 'string';
  return (
    <Part title={own.title}>
      <dl class="facts">
        <dt>{own.level}</dt>
        <dd>
          <bdi class="badge">{accessName}</bdi> {access}
        </dd>
        {accessUntil !== undefined && (
          <>
            <dt>{own.until}</dt>
            <dd>
              {accessUntil === null ? own.forever : <Time at={accessUntil} />}{' '}
              {isLimited && rights.can('changeUser') && <EndLevel {...props} />}
            </dd>
          </>
        )}
        {isLimited && permanentAccess !== undefined && (
          <>
            <dt>{own.permanent}</dt>
            <dd>
              <bdi>{levels.nameOf(permanentAccess)}</bdi>
            </dd>
          </>
        )}
        {disabled !== undefined && (
          <>
            <dt>{userTexts.facts.state}</dt>
            <dd>{disabled ? userTexts.facts.disabled : userTexts.facts.enabled}</dd>
          </>
        )}
      </dl>
      {levels.failed !== undefined && <Failed {...levels.failed} />}
      {rights.can('changeUser') && levels.all.length > 0 && (
        <div class="actions">
          <Opens label={userTexts.level.open} done={props.done}>
            {(end) => <LevelDialog shown={shown} rights={rights} levels={levels} end={end} />}
          </Opens>
          <StateButton {...props} />
        </div>
      )}
    </Part>
  );
}

/** Ends a level for a limited time before its time. */
function EndLevel({ shown, levels, done }: PartProps) {
  const text = userTexts.endLevel;
  const { id } = shown.user;
  const permanent = permanentLevelOf(shown.user, levels);
  if (permanent === undefined) return null;
  return (
    <Opens label={text.open} tone="link" done={done}>
      {(end) => (
        <ChangeDialog
          title={text.title}
          submit={text.submit}
          done={text.done}
          shown={shown}
          levels={levels}
          end={end}
          toAct={(values) =>
            changing(id, { access: permanent, ...reasonOf(values) }, { access: permanent, accessUntil: null })
          }
        >
          <p>{text.text(levels.nameOf(permanent))}</p>
          <ReasonField label={userTexts.reason} />
        </ChangeDialog>
      )}
    </Opens>
  );
}
