import { countTotpEncryption } from '../../accounts/authenticators/renew-encryption.ts';
import { type Finding, ok, problem, warning } from '../../checks/finding.ts';
import type { Config } from '../../config/index.ts';
import { Encryption } from '../../crypto/encryption.ts';
import { readSecrets } from '../../crypto/load-secret.ts';
import type { Database } from '../../db/client.ts';

const CHECK = 'one-time codes';

/**
 * Checks that SECRET opens the secrets of one-time codes, and whether SECRET_PREVIOUS is still needed for
 * them.
 */
export async function checkOneTimeCodes({ db }: Database, config: Config): Promise<Finding[]> {
  if ((await db.totp.findFirst({ select: { userId: true } })) === null) return [];
  const totpEncryption = new Encryption(await readSecrets(config), 'totp');
  const { current, previous, lost } = await countTotpEncryption({ db, totpEncryption });
  const all = current + previous + lost;
  if (lost > 0) {
    const found = `SECRET does not open ${lost} of ${all} secrets: their users cannot sign in with a code`;
    return [
      problem(CHECK, found, 'set SECRET, or SECRET_PREVIOUS, to the secret that they were encrypted under'),
    ];
  }
  if (previous > 0) {
    const found = `${previous} of ${all} secrets are still encrypted under SECRET_PREVIOUS`;
    const advice = 'keep SECRET_PREVIOUS: the service encrypts them under SECRET within 10 minutes';
    return [warning(CHECK, found, advice)];
  }
  return [ok(CHECK, `${all} ${all === 1 ? 'secret is' : 'secrets are'} encrypted under SECRET`)];
}
