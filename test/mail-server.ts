/** Runs a real mail server on a socket. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerError } from 'smtp-server';
import type { Teardown } from './helper.ts';
import { until } from './until.ts';

/** A mail that arrived. */
export interface ReceivedMail extends Email {
  /** The recipient of the envelope. */
  readonly recipient: string;
}

/** The behaviour of the server for the next mails: undefined accepts them. */
export type Behaviour =
  | undefined
  /** Answers the recipient, or the message, with this code. */
  | { readonly at: 'recipient' | 'message'; readonly code: number }
  /** Never answers the recipient. */
  | 'hangs'
  /** Accepts the message, and closes the connection without an answer. */
  | 'closes after the message'
  /** Accepts the message, and never answers. */
  | 'hangs after the message';

export interface MailServer {
  readonly url: string;
  /** The mails that arrived, oldest first. */
  readonly mails: ReceivedMail[];
  behaviour: Behaviour;
  /**
   * Waits until an address has so many mails.
   *
   * @returns the mails
   */
  waitFor(recipient: string, count?: number): Promise<ReceivedMail[]>;
  stop(): Promise<void>;
  /** Starts again after a stop, on the same port. */
  start(): Promise<void>;
}

/** Starts a mail server that ends with the test. */
export async function startMailServer(t: Teardown): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  let server: SMTPServer | undefined;
  let port = 0;
  const mailServer: MailServer = {
    get url() {
      return `smtp://127.0.0.1:${port}`;
    },
    mails,
    behaviour: undefined,
    waitFor: async (recipient, count = 1) => {
      const theirs = () => mails.filter((mail) => mail.recipient === recipient);
      await until(() => theirs().length >= count);
      return theirs();
    },
    stop: async () => {
      const stopping = server;
      server = undefined;
      if (stopping !== undefined) await new Promise<void>((stopped) => stopping.close(stopped));
    },
    start: async () => {
      server = createServer(mailServer);
      server.listen(port, '127.0.0.1');
      await once(server.server, 'listening');
      ({ port } = server.server.address() as AddressInfo);
    },
  };
  t.teardown(() => mailServer.stop());
  await mailServer.start();
  return mailServer;
}

function createServer(mailServer: MailServer): SMTPServer {
  const refusal = (at: 'recipient' | 'message') => {
    const { behaviour } = mailServer;
    if (typeof behaviour !== 'object' || behaviour.at !== at) return null;
    return Object.assign(new Error('Not this one'), {
      responseCode: behaviour.code,
    }) satisfies SMTPServerError;
  };
  const receive = async (...[stream, session, done]: Parameters<SMTPServer['onData']>) => {
    const contents = await buffer(stream);
    const error = refusal('message');
    if (error !== null) return done(error);
    const mail = await PostalMime.parse(contents);
    for (const { address } of session.envelope.rcptTo) mailServer.mails.push({ ...mail, recipient: address });
    if (mailServer.behaviour === 'hangs after the message') return;
    if (mailServer.behaviour !== 'closes after the message') return done();
    for (const connection of server.connections) connection.close();
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    closeTimeout: 10,
    onRcptTo: (_address, _session, done) => {
      if (mailServer.behaviour !== 'hangs') done(refusal('recipient'));
    },
    onData: (stream, session, done) => {
      // The client may disconnect before the message has arrived: the process was killed, and the message is
      // not complete.
      receive(stream, session, done).catch(done);
    },
  });
  server.on('error', () => {});
  return server;
}

/** Returns the token in the link of a mail. */
export function tokenIn(mail: Email): string {
  const token = /#token=([\w-]{43})\n/.exec(mail.text ?? '')?.[1];
  if (token === undefined) throw new Error(`No token in ${mail.subject}`);
  return token;
}
