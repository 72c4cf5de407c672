import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../../../components/dialog.tsx';
import { Form, type Values } from '../../../components/form.tsx';
import { isOvertaken } from '../../../lib/overtaken.ts';
import { userTexts } from '../../../texts/console/user.ts';
import { texts } from '../../../texts.ts';
import { Conflict, type Mine } from './conflict.tsx';
import type { Levels } from './levels.ts';
import { readUser, type Shown } from './person.ts';
import { Step } from './step.tsx';

const own = userTexts.conflict;

/** What `api.PATCH` resolves with. */
export interface Answer {
  readonly error?: unknown;
  readonly response?: Response;
}

/** What an admin wants to do to a user. */
export interface Act {
  /** Sends it. @param etag for `If-Match`: of what the admin has seen */
  readonly send: (etag: string) => Promise<Answer>;
  /** What it makes of the user, to be compared. */
  readonly mine: Mine;
  /** A question that comes before it. */
  readonly ask?: { readonly title: string; readonly text: string; readonly submit: string } | undefined;
}

export interface ChangeDialogProps {
  readonly title: string;
  readonly submit: string;
  readonly tone?: 'primary' | 'danger';
  /** The user as the page shows it. What changes while the dialog is open is compared with this. */
  readonly shown: Shown;
  readonly levels: Levels;
  /** Reads what is wanted. @returns an error where it is none */
  readonly toAct: (values: Values) => Act | { readonly error: string };
  /** Called when the dialog goes. @param text what happened, where something did */
  readonly end: (text?: string) => void;
  /** Says that it is done. */
  readonly done: string;
  readonly children?: ComponentChildren;
}

type State = 'form' | { readonly asks: Act } | { readonly act: Act; readonly now: Shown };

/**
 * A change of a user, with the tag of what was shown when the dialog was opened. What somebody else has
 * changed since then is shown beside what is wanted, and nothing is overwritten.
 */
export function ChangeDialog(props: ChangeDialogProps) {
  const { title, submit, tone = 'primary', toAct, end, done, levels, children } = props;
  const [before] = useState(props.shown);
  const [state, setState] = useState<State>('form');
  const [wrong, setWrong] = useState<string>();

  const send = async (act: Act, etag: string): Promise<Answer> => {
    const result = await act.send(etag);
    if (result.error === undefined) end(done);
    if (!isOvertaken(result.error, etag)) return result;
    const { data: now, error } = await readUser(before.user.id);
    if (now === undefined) return { error };
    if (now === 'gone') end();
    else setState({ act, now });
    return {};
  };
  const read = async (values: Values): Promise<Answer> => {
    const act = toAct(values);
    setWrong('error' in act ? act.error : undefined);
    if ('error' in act) return {};
    if (act.ask === undefined) return send(act, before.etag);
    setState({ asks: act });
    return {};
  };

  if (state === 'form')
    return (
      <Dialog title={title} close={end}>
        <Form submit={submit} tone={tone} send={read}>
          {children}
          <div role="alert">{wrong !== undefined && <p class="wrong-text">{wrong}</p>}</div>
        </Form>
      </Dialog>
    );
  if ('asks' in state) {
    const { asks } = state;
    return (
      <Dialog key="ask" title={asks.ask?.title ?? title} close={end} leave={texts.account.cancel}>
        <Step>
          <p>{asks.ask?.text}</p>
        </Step>
        <Form submit={asks.ask?.submit ?? submit} tone="danger" send={() => send(asks, before.etag)} />
      </Dialog>
    );
  }
  const { act, now } = state;
  return (
    <Dialog key="conflict" title={own.title} close={() => end(own.kept)} leave={own.keepTheirs}>
      <Step key={now.etag}>
        <Conflict before={before.user} now={now.user} mine={act.mine} levels={levels} />
      </Step>
      <Form submit={own.useMine} tone={tone} send={() => send(act, now.etag)} />
    </Dialog>
  );
}
