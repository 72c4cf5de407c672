import { type components, isProblem } from '@latchkey/client';
import { Dialog } from '../../../components/dialog.tsx';
import { Form } from '../../../components/form.tsx';
import { api } from '../../../session.ts';
import { invitationsTexts as own } from '../../../texts/console/invitations.ts';

export type Invitation = components['schemas']['Invitation'];

/** What came of an action. `gone`: it was accepted, or taken back by somebody else. */
export type ActionOutcome = 'resent' | 'not-resent' | 'revoked' | 'gone';

interface ActionProps {
  readonly invitation: Invitation;
  readonly done: (outcome: ActionOutcome) => void;
}

/** Sends an invitation again, with another link. */
export function Resend({ invitation: { id, email, expiresAt }, done }: ActionProps) {
  // Without an Idempotency-Key: an hour later, the same click is meant to send another mail.
  const send = async () => {
    const result = await api.POST('/invitations/{id}/resend', { params: { path: { id } } });
    // The service leaves everything as it is, where it sends nothing.
    if (result.data !== undefined) done(result.data.expiresAt === expiresAt ? 'not-resent' : 'resent');
    return isGone(result, done) ? {} : result;
  };
  return <Form submit={own.resend} label={own.resendOf(email)} tone="plain" send={send} />;
}

/** Asks whether to take an invitation back. */
export function RevokeDialog({
  invitation: { id, email },
  done,
  close,
}: ActionProps & { close: () => void }) {
  const send = async () => {
    const result = await api.DELETE('/invitations/{id}', { params: { path: { id } } });
    if (result.error === undefined) done('revoked');
    return isGone(result, done) ? {} : result;
  };
  return (
    <Dialog title={own.dialog.title} close={close}>
      <p>
        {own.dialog.explain} <bdi class="value">{email}</bdi>
      </p>
      <Form submit={own.dialog.submit} tone="danger" send={send} />
    </Dialog>
  );
}

function isGone({ error }: { readonly error?: unknown }, done: ActionProps['done']): boolean {
  const is = isProblem(error, 'invitation-not-found');
  if (is) done('gone');
  return is;
}
