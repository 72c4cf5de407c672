import type { Config } from '../config/index.ts';
import type { Encryption } from '../crypto/encryption.ts';
import type { Handle, Transaction } from '../db/client.ts';
import { insertRows } from '../db/raw/insert.ts';
import { newId } from '../lib/id.ts';
import { mailboxOf } from './mailbox.ts';
import type { TemplateName } from './template-names.ts';

const HOUR_MS = 3_600_000;

/** Time that the clock of another process may be ahead. */
const MAX_CLOCK_SKEW_MS = 60_000;

/** Mails of one kind per hour to one address that others can cause, by a reset request or a registration. */
const MAX_MAILS_PER_HOUR = 3;

/** Recipients whose mails one statement takes back. An inviter may have thousands of invitations. */
const RECIPIENTS_PER_STATEMENT = 1_000;

/** A mail to write into the outbox. */
export interface OutgoingMail {
  /** Address as it is stored. */
  readonly recipient: string;
  readonly template: TemplateName;
  /** Values for the placeholders of the template. */
  readonly values: Readonly<Record<string, string>>;
  /** Time after which it is not sent any more: the expiry of its token. */
  readonly notAfter: Date;
  /** True when it counts towards MAX_MAILS_PER_HOUR. */
  readonly limited: boolean;
  /** True for a mail to an address without an account: it is written like others, but never sent. */
  readonly isDecoy?: boolean;
}

/** The settings that say how mails are sent, if at all. */
export interface MailSettings {
  /** True when mails are sent to a mail server or, in development, written into a folder. */
  readonly isConfigured: boolean;
  /** True when there is a mail server. Without one, no address can be proven. */
  readonly hasServer: boolean;
}

/**
 * Derives the mail settings. Without a mail server, mails are written into a folder in development, and
 * dropped in production.
 */
export function mailSettings({ smtpUrl, production }: Pick<Config, 'smtpUrl' | 'production'>): MailSettings {
  const hasServer = smtpUrl !== undefined;
  return { isConfigured: hasServer || !production, hasServer };
}

/**
 * Transactional outbox: a mail is written into a table in the transaction of the change that it reports;
 * delivery.ts sends it. Its values are encrypted, because a copy of the database must not be enough to reset
 * passwords.
 */
export class Outbox {
  readonly #encryption: Encryption;
  readonly settings: MailSettings;

  constructor(encryption: Encryption, settings: MailSettings) {
    this.#encryption = encryption;
    this.settings = settings;
  }

  /** Writes mails into the outbox. Does nothing when no mail is configured. */
  async write(tx: Handle, mails: readonly OutgoingMail[]): Promise<void> {
    if (!this.settings.isConfigured) return;
    await insertRows(
      tx,
      'Mail',
      mails.map((mail) => this.#toRow(mail)),
    );
  }

  /**
   * Checks whether an address may get another mail that others can cause.
   *
   * @param templates the templates that count. Only mails of one kind count together: repeated registrations
   *   with an address must not block its password reset or an invitation to it
   */
  async allows(
    tx: Transaction,
    recipient: string,
    templates: readonly [TemplateName, ...TemplateName[]],
  ): Promise<boolean> {
    const now = Date.now();
    // A mail with a later date was written before the clock was set back.
    const createdAt = { gt: new Date(now - HOUR_MS), lt: new Date(now + MAX_CLOCK_SKEW_MS) };
    const mailbox = mailboxOf(recipient, templates[0]);
    const where = { mailbox, template: { in: [...templates] }, limited: true, createdAt };
    const count = await tx.mail.count({ where });
    return count < MAX_MAILS_PER_HOUR;
  }

  /** Voids the mails that are not sent yet, because their token is no longer valid. */
  async takeBack(
    tx: Transaction,
    recipients: readonly string[],
    templates: readonly TemplateName[],
  ): Promise<void> {
    const template = { in: [...templates] };
    for (let from = 0; from < recipients.length; from += RECIPIENTS_PER_STATEMENT) {
      const recipient = { in: recipients.slice(from, from + RECIPIENTS_PER_STATEMENT) };
      const data = { outcome: 'void', values: null };
      await tx.mail.updateMany({ where: { recipient, template, outcome: null }, data });
    }
  }

  /** Decrypts the values of a row. @returns undefined when SECRET has changed since */
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
