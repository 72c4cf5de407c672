import { CopyButton } from '../../../components/copy-button.tsx';
import { Field } from '../../../components/field.tsx';
import { Part } from '../../../components/part.tsx';
import { ReasonField } from '../../../components/reason-field.tsx';
import { Time } from '../../../components/time.tsx';
import { userTexts } from '../../../texts/console/user.ts';
import { texts } from '../../../texts.ts';
import { changing, reasonOf } from './act.ts';
import { ChangeDialog } from './change-dialog.tsx';
import { Opens, type PartProps } from './opens.tsx';

const own = userTexts.facts;

/** Who it is. People who are no admins get less, and read what they get. */
export function Account(props: PartProps) {
  const { shown, rights } = props;
  const { id, name, email, externalId, kind, secondFactor, createdAt, updatedAt } = shown.user;
  return (
    <Part title={own.title}>
      <dl class="facts">
        <dt>{own.name}</dt>
        <dd>
          <bdi>{name}</bdi> {rights.can('changeUser') && <Rename {...props} />}
        </dd>
        {email !== undefined && (
          <>
            <dt>{own.email}</dt>
            <dd>{email === null ? own.noEmail : <bdi>{email}</bdi>}</dd>
          </>
        )}
        <dt>{own.id}</dt>
        <dd>
          <code class="link-text">{id}</code>{' '}
          <CopyButton
            text={() => id}
            copy={own.copy}
            copied={own.copied}
            look="link"
            label={`${own.copy}: ${own.id}`}
          />
        </dd>
        {typeof externalId === 'string' && (
          <>
            <dt>{own.externalId}</dt>
            <dd>
              <bdi>{externalId}</bdi>
            </dd>
          </>
        )}
        {kind !== undefined && (
          <>
            <dt>{own.kind}</dt>
            <dd>{own.kinds[kind]}</dd>
          </>
        )}
        {secondFactor !== undefined && (
          <>
            <dt>{own.secondFactor}</dt>
            <dd>{secondFactor ? own.hasSecondFactor : own.noSecondFactor}</dd>
          </>
        )}
        {createdAt !== undefined && (
          <>
            <dt>{own.created}</dt>
            <dd>
              <Time at={createdAt} />
            </dd>
          </>
        )}
        {updatedAt !== undefined && (
          <>
            <dt>{own.updated}</dt>
            <dd>
              <Time at={updatedAt} />
            </dd>
          </>
        )}
      </dl>
    </Part>
  );
}

function Rename({ shown, levels, done }: PartProps) {
  const rename = userTexts.rename;
  const { id, name } = shown.user;
  return (
    <Opens label={rename.open} tone="link" done={done}>
      {(end) => (
        <ChangeDialog
          title={rename.title}
          submit={rename.submit}
          done={rename.done}
          shown={shown}
          levels={levels}
          end={end}
          toAct={(values) => {
            const { name = '' } = values;
            return changing(id, { name, ...reasonOf(values) }, { name });
          }}
        >
          <Field name="name" label={texts.fields.name} autocomplete="off" value={name} />
          <ReasonField label={userTexts.reason} />
        </ChangeDialog>
      )}
    </Opens>
  );
}
