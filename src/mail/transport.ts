import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config/index.ts';
import { loadOnce } from '../lib/load-once.ts';
import type { MailContents } from './templates.ts';

/** Milliseconds for a connection, for the server's first word, and without any word of it. */
const CONNECTION_TIMEOUT = 10_000;
const GREETING_TIMEOUT = 10_000;
const SOCKET_TIMEOUT = 20_000;

const limits = {
  connectionTimeout: CONNECTION_TIMEOUT,
  greetingTimeout: GREETING_TIMEOUT,
  socketTimeout: SOCKET_TIMEOUT,
  disableFileAccess: true,
  disableUrlAccess: true,
} as const;

/** Connections to the mail server at a time. */
const CONNECTIONS = 2;

/** A mail that is sent. */
export interface OutboundMail extends MailContents {
  readonly id: string;
  readonly recipient: string;
  readonly createdAt: Date;
}

/** The mail server will never take this mail: it knows no such recipient, or does not want the message. */
export class RefusedMailError extends Error {
  override name = 'RefusedMailError';
  /** RFC 5321 section 4.2. */
  readonly responseCode: number;

  constructor(responseCode: number) {
    super(`The mail server answered ${responseCode}`);
    this.responseCode = responseCode;
  }
}

/** Takes mails to where they go. */
export interface Transport {
  /**
   * @returns where it went, for the log
   * @throws {RefusedMailError} when there is no use in another try; any other error is worth one
   */
  send(mail: OutboundMail): Promise<string>;
  close(): void;
}

type TransportConfig = Pick<Config, 'smtpUrl' | 'mailFrom' | 'dataDir'>;

/** To the mail server of SMTP_URL; without one, into the folder `outbox` of the data folder. */
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
        await pool.sendMail(toMessage(mail, mailFrom));
      } catch (error) {
        const responseCode = permanentResponse(error);
        throw responseCode === undefined ? error : new RefusedMailError(responseCode);
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
    maxConnections: CONNECTIONS,
    // Trying again is our work: a message that it sends anew by itself could be one too many.
    maxRequeues: 0,
    ...limits,
  });
}

/** Why a mail server takes no mails. */
export interface MailServerFault {
  /** Whether it does not know the user and the password. */
  readonly isSignIn: boolean;
  /** Never what the server said, which may repeat the credentials. */
  readonly reason: string;
}

/** Greets a mail server, signs in where the URL says as whom, and leaves. @returns undefined when all went well */
export async function greetMailServer(url: string): Promise<MailServerFault | undefined> {
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

function folderTransport({ dataDir, mailFrom }: TransportConfig): Transport {
  const folder = resolve(dataDir, 'outbox');
  return {
    send: async (mail) => {
      const { createTransport } = await import('nodemailer');
      const composer = createTransport({ streamTransport: true, buffer: true });
      const { message } = await composer.sendMail(toMessage(mail, mailFrom));
      const file = resolve(folder, `${mail.id}.eml`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(file, message, { mode: 0o600 });
      return file;
    },
    close: () => {},
  };
}

/** The same message at every try: whoever gets it twice can tell by its Message-ID (RFC 5322 section 3.6.4). */
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
    // RFC 3834 section 5: nobody's holiday answers it.
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

/** The answer to a recipient or a message that the server will not take at another time either. */
function permanentResponse(error: unknown): number | undefined {
  if (!(error instanceof Error && 'code' in error && 'responseCode' in error)) return undefined;
  const { code, responseCode } = error;
  const isAboutMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  return isAboutMail && typeof responseCode === 'number' && responseCode >= 500 ? responseCode : undefined;
}
