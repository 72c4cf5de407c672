/** Reads the mails in the outbox, like the service that wrote them. */
import type { TemplateName } from '#latchkey/mail/template-names.ts';
import type { Api } from './helper.ts';
import { noteSecret } from './secret-log.ts';

/** A mail server that never answers: mails are written for it and stay in the outbox. */
export const NO_MAIL_SERVER = { SMTP_URL: 'smtp://127.0.0.1:9' };

export interface WaitingMail {
  readonly template: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Lists the mails that wait for an address, oldest first. */
export async function waitingFor({ app }: Api, recipient: string): Promise<WaitingMail[]> {
  const { db, outbox } = app.accounts;
  const rows = await db.mail.findMany({ where: { recipient, outcome: null }, orderBy: { id: 'asc' } });
  return rows.map(({ id, template, values }) => ({
    template,
    values: JSON.parse(outbox.open({ id, values: values ?? '' }) ?? 'null'),
  }));
}

/** Returns the token of the last mail of a kind that waits for an address. */
export async function tokenFor(api: Api, recipient: string, template: TemplateName): Promise<string> {
  const mails = (await waitingFor(api, recipient)).filter((mail) => mail.template === template);
  const token = mails.at(-1)?.values.token;
  if (token === undefined) throw new Error(`No ${template} waits for ${recipient}`);
  noteSecret(token);
  return token;
}
