import type { Config } from '../../config/index.ts';
import { Templates } from '../../mail/templates.ts';
import { probeMailServer } from '../../mail/transport.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/**
 * Checks the mail settings: connects to the mail server, but sends nothing.
 *
 * @throws {ConfigError} when a mail template is invalid
 */
export async function checkMail({ smtpUrl, production, dataDir }: Config): Promise<Finding> {
  new Templates(dataDir);
  if (smtpUrl === undefined && !production)
    return ok('mail', 'mails are written into the folder outbox of DATA_DIR');
  if (smtpUrl === undefined) {
    const without =
      'password resets, email changes and invitations respond with 503, and users get no notifications';
    return warning('mail', `no mail server: ${without}`, 'set SMTP_URL and MAIL_FROM');
  }
  const { host } = new URL(smtpUrl);
  const fault = await probeMailServer(smtpUrl);
  if (fault === undefined) return ok('mail', `${host} responds`);
  const found = `${host} ${fault.isSignIn ? 'rejects the credentials' : 'cannot be used'}: ${fault.reason}`;
  const advice = fault.isSignIn
    ? 'check user and password in SMTP_URL; special characters are written as %40 for @'
    : 'check SMTP_URL, and whether the server runs';
  return problem('mail', found, advice);
}
