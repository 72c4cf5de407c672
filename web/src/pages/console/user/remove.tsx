import { Field } from '../../../components/field.tsx';
import { Part } from '../../../components/part.tsx';
import { api } from '../../../session.ts';
import { userTexts } from '../../../texts/console/user.ts';
import { type Act, ChangeDialog } from './change-dialog.tsx';
import { Opens, type PartProps } from './opens.tsx';
import type { User } from './person.ts';

const own = userTexts.remove;

interface RemoveProps extends PartProps {
  /** Called when the user is deleted. */
  readonly deleted: () => void;
}

/** Deletes the account, after its name or address was typed. */
export function Remove({ shown, rights, levels, done, deleted }: RemoveProps) {
  const { user } = shown;
  if (!rights.can('deleteUser')) return null;
  const toAct = ({ confirmation = '' }: Readonly<Record<string, string>>): Act | { error: string } =>
    isNamed(user, confirmation)
      ? { send: (etag) => remove(user.id, etag), mine: { account: 'deleted' } }
      : { error: own.mismatch };
  return (
    <Part title={own.title}>
      <p>{own.explain}</p>
      <Opens label={own.open} tone="danger" done={done}>
        {(end) => (
          <ChangeDialog
            title={own.title}
            submit={own.submit}
            tone="danger"
            done={own.done}
            shown={shown}
            levels={levels}
            end={(text) => (text === own.done ? deleted() : end(text))}
            toAct={toAct}
          >
            {rights.isSelf && <p>{own.self}</p>}
            <p>
              {own.confirm} <bdi class="value">{user.name}</bdi>
              {typeof user.email === 'string' && (
                <>
                  {' · '}
                  <bdi class="value">{user.email}</bdi>
                </>
              )}
            </p>
            <Field name="confirmation" label={own.field} autocomplete="off" />
          </ChangeDialog>
        )}
      </Opens>
    </Part>
  );
}

function remove(id: string, etag: string) {
  return api.DELETE('/users/{id}', { params: { path: { id }, header: { 'if-match': etag } } });
}

/** Tells whether a text is the name or the address of a user. */
function isNamed({ name, email }: User, text: string): boolean {
  const typed = text.trim();
  return typed === name.trim() || (typed !== '' && typed.toLowerCase() === email?.toLowerCase());
}
