import { useState } from 'preact/hooks';
import { Dialog } from '../../../components/dialog.tsx';
import { Form, type Values } from '../../../components/form.tsx';
import { Level } from '../../../components/level.tsx';
import { Notice } from '../../../components/notice.tsx';
import { ReasonField } from '../../../components/reason-field.tsx';
import { changeAsShown, isWhole, type User } from '../../../lib/change-as-shown.ts';
import { toAccess } from '../../../lib/levels.ts';
import { useAuth } from '../../../session.ts';
import { elevatedTexts } from '../../../texts/console/elevated.ts';
import { useLevelNames } from './columns.tsx';

const own = elevatedTexts.dialog;

interface EndDialogProps {
  /** The person as they were shown. */
  readonly user: User;
  readonly close: () => void;
  readonly ended: () => void;
}

/** Asks whether to end an elevation at once, and says what somebody else changed meanwhile. */
export function EndDialog({ user, close, ended }: EndDialogProps) {
  const { userId } = useAuth();
  const nameOf = useLevelNames();
  const [now, setNow] = useState(user);
  const isOver = now.accessUntil === null;
  const permanent = nameOf(now.permanentAccess);
  const send = async ({ reason = '' }: Values) => {
    const access = toAccess(String(now.permanentAccess));
    const change = { ...(access !== undefined && { access }), ...(reason !== '' && { reason }) };
    const result = await changeAsShown(now, change);
    if (result.data !== undefined) ended();
    if (result.other !== undefined && isWhole(result.other)) setNow(result.other);
    return result;
  };
  return (
    <Dialog title={own.title} close={close} {...(isOver && { leave: own.close })}>
      <p>
        <bdi dir="auto" class="value">
          {now.name}
        </bdi>
      </p>
      <div role="status">{now !== user && <Changed before={user} now={now} permanent={permanent} />}</div>
      {!isOver && (
        <>
          <p>{own.explain(now.accessName, permanent)}</p>
          {now.id === userId && <Notice tone="warning">{own.yourself}</Notice>}
          <Form submit={own.submit} tone="danger" send={send}>
            <ReasonField />
          </Form>
        </>
      )}
    </Dialog>
  );
}

interface ChangedProps {
  readonly before: User;
  readonly now: User;
  readonly permanent: string;
}

/** What was shown, what it is now, and what the reader wants. */
function Changed({ before, now, permanent }: ChangedProps) {
  return (
    <Notice tone="warning">
      <p>{now.accessUntil === null ? own.over : own.changed}</p>
      <dl class="facts">
        <dt>{own.shown}</dt>
        <dd>
          <Level user={before} />
        </dd>
        <dt>{own.now}</dt>
        <dd>
          <Level user={now} />
        </dd>
        <dt>{own.wanted}</dt>
        <dd>
          <span class="badge">{permanent}</span>
        </dd>
      </dl>
    </Notice>
  );
}
