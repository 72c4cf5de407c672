import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config/index.ts';
import { loadOnce } from '../lib/load-once.ts';
import type { MailContents } from './templates.ts';

/** Timeouts for the connection, for the greeting of the server, and for an idle socket. */
const CONNECTION_TIMEOUT_MS = 10_000;
const GREETING_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 90_000;

/**
 * Milliseconds of an attempt from its begin to its end, so that it ends within the lease of delivery.ts. A
 * server that accepts the mail later gets it a second time: RFC 5321 section 4.5.3.2.6 allows it 10 minutes,
 * in which the mail would wait wherever a process is killed.
 */
export const SEND_TIMEOUT_MS = 100_000;

const limits = {
  connectionTimeout: CONNECTION_TIMEOUT_MS,
  greetingTimeout: GREETING_TIMEOUT_MS,
  socketTimeout: SOCKET_TIMEOUT_MS,
  disableFileAccess: true,
  disableUrlAccess: true,
} as const;

/** Connections to the mail server at a time. */
const MAX_CONNECTIONS = 2;

/** A mail that is to be sent. */
export interface OutboundMail extends MailContents {
  readonly id: string;
  readonly recipient: string;
  readonly createdAt: Date;
}

/** The mail server has answered one mail with an error. Others may succeed. */
class MailAnswerError extends Error {
  /** Reply code: RFC 5321 section 4.2. */
  readonly responseCode: number;

  constructor(responseCode: number) {
    super(`The mail server answered ${responseCode}`);
    this.responseCode = responseCode;
  }
}

/** The mail server refuses this mail for good: the recipient is unknown, or the message is not accepted. */
export class RefusedMailError extends MailAnswerError {
  override name = 'RefusedMailError';
}

/** The mail server does not take this mail now: a mailbox is full, or a domain is unknown at the moment. */
export class PostponedMailError extends MailAnswerError {
  override name = 'PostponedMailError';
}

/** Sends mails to their destination. */
export interface Transport {
  /**
   * @returns the destination, for the log
   * @throws {RefusedMailError} when a retry is useless; after any other error, a retry may succeed
   * @throws {PostponedMailError} when other mails may succeed at once
   */
  send(mail: OutboundMail): Promise<string>;
  close(): void;
}

type TransportConfig = Pick<Config, 'smtpUrl' | 'mailFrom' | 'dataDir'>;

/**
 * Opens a transport to the mail server of SMTP_URL; without one, to the folder `outbox` of the data folder.
 */
export function openTransport(config: TransportConfig): Transport {
  const { smtpUrl } = config;
  return smtpUrl === undefined ? folderTransport(config) : serverTransport(smtpUrl, config);
}

function serverTransport(url: string, { mailFrom }: TransportConfig): Transport {
  let opened: Awaited<ReturnType<typeof openPool>> | undefined;
  let isClosed = false;
  const open = loadOnce(async () => {
    opened = await openPool(url);
    if (isClosed) opened.close();
    return opened;
  });
  return {
    send: async (mail) => {
      const pool = await open();
      try {
        await pool.sendMail({
          ...toMessage(mail, mailFrom),
          signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
        });
      } catch (error) {
        const responseCode = responseAbout(error);
        if (responseCode === undefined) throw error;
        throw responseCode >= 500 ? new RefusedMailError(responseCode) : new PostponedMailError(responseCode);
      }
      return 'the mail server';
    },
    close: () => {
      isClosed = true;
      opened?.close();
    },
  };
}

async function openPool(url: string) {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    url,
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    // Retries are the task of delivery.ts: if nodemailer retried too, a mail could be sent twice.
    maxRequeues: 0,
    ...limits,
  });
}

/** The reason why a mail server does not accept mails. */
export interface MailServerFault {
  /** True when it rejects the user and the password. */
  readonly isSignIn: boolean;
  /** Never the text of the server, which may repeat the credentials. */
  readonly reason: string;
}

/**
 * Connects to a mail server, signs in when the URL has credentials, and disconnects.
 *
 * @returns undefined when all succeeded
 */
export async function probeMailServer(url: string): Promise<MailServerFault | undefined> {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({ url, ...limits });
  try {
    await transport.verify();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) return { isSignIn: false, reason: 'unknown error' };
    const hasSpoken = 'response' in error && error.response !== undefined;
    const answer = 'responseCode' in error ? `it answered ${error.responseCode}` : String(error.code);
    const reason = hasSpoken ? answer : (error.message.split('\n', 1)[0] ?? '');
    return { isSignIn: error.code === 'EAUTH', reason };
  } finally {
    transport.close();
  }
}

/**
 * Writes each mail into two files: `.txt` with the text, whose links are whole lines, and `.html` with the
 * page. An encoded message (RFC 2045) would break its lines.
 */
function folderTransport({ dataDir, mailFrom }: TransportConfig): Transport {
  const folder = resolve(dataDir, 'outbox');
  return {
    send: async ({ id, recipient, createdAt, subject, text, html }) => {
      const fields = [
        `From: ${mailFrom}`,
        `To: ${recipient}`,
        `Date: ${createdAt.toISOString()}`,
        `Subject: ${subject}`,
      ];
      const file = resolve(folder, `${id}.txt`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(resolve(folder, `${id}.html`), html, { mode: 0o600 });
      await writeFile(file, [...fields, '', text].join('\n'), { mode: 0o600 });
      return file;
    },
    close: () => {},
  };
}

/**
 * Composes the message. It is the same at every attempt: a recipient detects a duplicate by its Message-ID
 * (RFC 5322 section 3.6.4).
 */
function toMessage({ id, recipient, createdAt, subject, text, html }: OutboundMail, from: string) {
  const domain = /@([^\s>]+)/.exec(from)?.[1] ?? 'localhost';
  return {
    from,
    to: { name: '', address: recipient },
    subject,
    text,
    html,
    messageId: `<${id}@${domain}>`,
    date: createdAt,
    // RFC 3834 section 5: vacation responders do not answer it.
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

/** The reply code of a server that closes the connection: it is about all mails. RFC 5321 section 3.8. */
const CLOSING = 421;

/** Returns the reply code of a refusal that is about one recipient or one message. */
function responseAbout(error: unknown): number | undefined {
  if (!(error instanceof Error && 'code' in error && 'responseCode' in error)) return undefined;
  const { code, responseCode } = error;
  const isAboutMail = (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== CLOSING;
  return isAboutMail && typeof responseCode === 'number' && responseCode >= 400 ? responseCode : undefined;
}
