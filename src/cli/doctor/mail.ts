import { type Finding, ok, problem } from '../../checks/finding.ts';
import { describeMail } from '../../checks/mail.ts';
import type { Config } from '../../config/index.ts';
import { Templates } from '../../mail/templates.ts';
import { probeMailServer } from '../../mail/transport.ts';

/**
 * Checks the mail settings: connects to the mail server, but sends nothing.
 *
 * @throws {ConfigError} when a mail template is invalid
 */
export async function checkMail(config: Config): Promise<Finding> {
  const { smtpUrl, dataDir } = config;
  new Templates(dataDir);
  if (smtpUrl === undefined) return describeMail(config);
  const { host } = new URL(smtpUrl);
  const fault = await probeMailServer(smtpUrl);
  if (fault === undefined) return ok('mail', `${host} responds`);
  const found = `${host} ${fault.isSignIn ? 'rejects the credentials' : 'cannot be used'}: ${fault.reason}`;
  const advice = fault.isSignIn
    ? 'check user and password in SMTP_URL; special characters are written as %40 for @'
    : 'check SMTP_URL, and whether the server runs';
  return problem('mail', found, advice);
}
