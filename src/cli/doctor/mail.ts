import type { Config } from '../../config/index.ts';
import { Templates } from '../../mail/templates.ts';
import { greetMailServer } from '../../mail/transport.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/**
 * Whether mails are sent: greets the mail server, and sends nothing.
 *
 * @throws {ConfigError} when a text of a mail cannot be used
 */
export async function checkMail({ smtpUrl, production, dataDir }: Config): Promise<Finding> {
  new Templates(dataDir);
  if (smtpUrl === undefined && !production) return ok('mail', 'written into the folder outbox of DATA_DIR');
  if (smtpUrl === undefined) {
    const without =
      'forgotten passwords, another address and invitations answer 503, and nobody is told of changes';
    return warning('mail', `no mail server: ${without}`, 'set SMTP_URL and MAIL_FROM');
  }
  const { host } = new URL(smtpUrl);
  const fault = await greetMailServer(smtpUrl);
  if (fault === undefined) return ok('mail', `${host} answers`);
  const found = `${host} ${fault.isSignIn ? 'does not let us in' : 'cannot be used'}: ${fault.reason}`;
  const advice = fault.isSignIn
    ? 'check user and password in SMTP_URL; special characters are written as %40 for @'
    : 'check SMTP_URL, and that the server runs';
  return problem('mail', found, advice);
}
