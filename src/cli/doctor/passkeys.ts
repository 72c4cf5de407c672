import { readBoundPasskeys } from '../../accounts/passkeys/bound.ts';
import { type Finding, ok, problem, warning } from '../../checks/finding.ts';
import type { Config } from '../../config/index.ts';
import type { Database } from '../../db/client.ts';

const CHECK = 'passkeys';

/** Checks that the passkeys in the database work with this configuration. */
export async function checkPasskeys({ db }: Pick<Database, 'db'>, config: Config): Promise<Finding> {
  const { passkeys: rules, signInMethods } = config;
  const { rpId, passkeys, alone } = await readBoundPasskeys(db, signInMethods);
  const inTheDatabase = `${passkeys} in the database; accounts that nothing else signs in to: ${alone}`;
  const takesPasskeys = signInMethods.has('passkey');
  if (!takesPasskeys || !rules.isOn) {
    const reason = takesPasskeys && !rules.isOn ? rules.reason : 'SIGN_IN_METHODS leaves them out';
    if (passkeys === 0) return ok(CHECK, `none: ${reason}`);
    return warning(CHECK, `off, with ${inTheDatabase}`, `they do not work: ${reason}`);
  }
  if (rpId === undefined || rpId === rules.rpId || passkeys === 0)
    return ok(CHECK, `bound to ${rules.rpId}; ${passkeys} in the database`);
  const found = `RP_ID is ${rules.rpId}, and they are bound to ${rpId}: ${inTheDatabase}`;
  if (rules.acceptsChange) return warning(CHECK, found, 'none of them will work: RP_ID_CHANGE accepts it');
  return problem(CHECK, found, `set RP_ID=${rpId}, or RP_ID_CHANGE=accept to start all the same`);
}
