import type { Config } from '../config/index.ts';
import type { Encryption } from '../crypto/encryption.ts';
import type { Handle, Transaction } from '../db/client.ts';
import { insertRows } from '../db/raw/insert.ts';
import { newId } from '../lib/id.ts';
import { mailboxOf } from './mailbox.ts';
import type { TemplateName } from './template-names.ts';

const HOUR = 3_600_000;

/** Milliseconds that the clock of another process may be ahead. */
const AHEAD = 60_000;

/** Mails of a kind an hour to one address that somebody else can cause, by asking for a reset or by registering with it. */
const HOURLY_LIMIT = 3;

/** A mail to be. */
export interface OutgoingMail {
  /** As the address is stored. */
  readonly recipient: string;
  readonly template: TemplateName;
  /** What the template is filled with. */
  readonly values: Readonly<Record<string, string>>;
  /** After this it is not sent any more: the end of the token in it. */
  readonly notAfter: Date;
  /** Whether it counts towards the mails of an hour. */
  readonly limited: boolean;
  /** Written like any other and never sent: to an address without an account. */
  readonly isDecoy?: boolean;
}

/** Whether, and for whom, mails are sent at all. */
export interface MailSettings {
  /** Whether mails go anywhere: to a mail server, or in development into a folder. */
  readonly isConfigured: boolean;
  /** Whether they go to a mail server: only then can an address be proven. */
  readonly hasServer: boolean;
}

/** In development without a mail server, mails are written into a folder; in production they go nowhere. */
export function mailSettings({ smtpUrl, production }: Pick<Config, 'smtpUrl' | 'production'>): MailSettings {
  const hasServer = smtpUrl !== undefined;
  return { isConfigured: hasServer || !production, hasServer };
}

/**
 * Mails wait in a table, into which they are written in the transaction of the change that they tell of; delivery.ts sends them.
 * What is in them is encrypted, for a copy of the database must not reset passwords.
 */
export class Outbox {
  readonly #encryption: Encryption;
  readonly settings: MailSettings;

  constructor(encryption: Encryption, settings: MailSettings) {
    this.#encryption = encryption;
    this.settings = settings;
  }

  /** Writes mails into the outbox; where no mail is configured, nothing. */
  async write(tx: Handle, mails: readonly OutgoingMail[]): Promise<void> {
    if (!this.settings.isConfigured) return;
    await insertRows(
      tx,
      'Mail',
      mails.map((mail) => this.#toRow(mail)),
    );
  }

  /**
   * Whether an address may get another mail that somebody else can cause.
   *
   * @param templates what counts. Only mails of one kind count together: who registers with an address again and again keeps nobody
   *   from resetting its password, or from inviting it
   */
  async allows(
    tx: Transaction,
    recipient: string,
    templates: readonly [TemplateName, ...TemplateName[]],
  ): Promise<boolean> {
    const now = Date.now();
    // What is dated later was written before the clock was set back.
    const createdAt = { gt: new Date(now - HOUR), lt: new Date(now + AHEAD) };
    const mailbox = mailboxOf(recipient, templates[0]);
    const where = { mailbox, template: { in: [...templates] }, limited: true, createdAt };
    const count = await tx.mail.count({ where });
    return count < HOURLY_LIMIT;
  }

  /** Takes back what has not been sent, because the token in it is no longer good. */
  async takeBack(tx: Transaction, recipient: string, templates: readonly TemplateName[]): Promise<void> {
    await tx.mail.updateMany({
      where: { recipient, template: { in: [...templates] }, outcome: null },
      data: { outcome: 'void', values: null },
    });
  }

  /** The values of a row that is to be sent; undefined when SECRET has changed since. */
  open({ id, values }: { readonly id: string; readonly values: string }): string | undefined {
    return this.#encryption.decrypt(values, id);
  }

  #toRow({ recipient, template, values, notAfter, limited, isDecoy = false }: OutgoingMail) {
    const createdAt = new Date();
    const id = newId(createdAt);
    const encrypted = this.#encryption.encrypt(JSON.stringify(values), id);
    return {
      id,
      recipient,
      template,
      values: isDecoy ? null : encrypted,
      outcome: isDecoy ? 'void' : null,
      limited,
      mailbox: limited ? mailboxOf(recipient, template) : null,
      attempts: 0,
      nextAttemptAt: createdAt,
      notAfter,
      createdAt,
    };
  }
}
