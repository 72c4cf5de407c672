import type { Config } from '../config/index.ts';
import { type Finding, ok, warning } from './finding.ts';

const CHECK = 'mail';

/** Says where mails go, without a connection to the mail server. */
export function describeMail({ smtpUrl, production }: Config): Finding {
  if (smtpUrl !== undefined) return ok(CHECK, `by ${new URL(smtpUrl).host}`);
  if (!production) return ok(CHECK, 'mails are written into the folder outbox of DATA_DIR');
  const without =
    'password resets, email changes and invitations respond with 503, and users get no notifications';
  return warning(CHECK, `no mail server: ${without}`, 'set SMTP_URL and MAIL_FROM');
}
