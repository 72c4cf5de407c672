import type { Finding, LoggedHead } from '../../audit/chain-verifier.ts';
import { type Verification, verifyChain } from '../../audit/verify.ts';
import { readConfig } from '../../config/index.ts';
import { Encryption } from '../../crypto/encryption.ts';
import { readSecrets } from '../../crypto/load-secret.ts';
import { withDatabase } from '../accounts.ts';
import { print } from '../print.ts';
import { UsageError } from '../usage-error.ts';

/** Options on the command line. */
export interface AuditVerifyOptions {
  readonly head?: string;
  readonly json?: boolean;
}

/**
 * Runs `latchkey audit verify`: verifies the chain and prints the findings. Sets `process.exitCode`.
 *
 * @throws {UsageError} when the head is malformed, or its event was pruned
 * @throws {DataError} when there is no database with the tables of this version
 */
export async function verifyFromCommandLine({ head, json = false }: AuditVerifyOptions): Promise<void> {
  const logged = head === undefined ? undefined : parseHead(head);
  const config = readConfig();
  await withDatabase(config, async ({ db, now }) => {
    const encryption = new Encryption(await readSecrets(config), 'audit');
    const printLine = (text: string, members: object) => print(`${json ? JSON.stringify(members) : text}\n`);
    const result = await verifyChain(
      { db, now, encryption },
      (finding) => printLine(describeFinding(finding), finding),
      logged,
    );
    await printLine(describeResult(result), { whole: result.findings === 0, ...result });
    if (result.findings > 0) process.exitCode = 1;
    else if (logged !== undefined && !result.comparedHead)
      throw new UsageError(`--head ${logged.number} has been pruned: give a later head from the log`);
  });
}

/** Parses a head as it is in the log: a number and an HMAC-SHA-256 in base64url. */
function parseHead(text: string): LoggedHead {
  const [, number, code] = /^([1-9]\d{0,9}):([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (number === undefined || code === undefined)
    throw new UsageError('--head is <number>:<code>, as in the line "Audit chain head" of the log');
  return { number: Number(number), code };
}

function describeFinding({ number, id, problem }: Finding): string {
  if (number === null) return id === null ? `The chain ${problem}` : `Event ${id}, not sealed, ${problem}`;
  return `Event ${number}${id === null ? '' : ` (${id})`} ${problem}`;
}

function describeResult({ findings, events, unsealed, head }: Verification): string {
  const verdict = findings === 0 ? 'The chain is whole' : `The chain is broken (findings: ${findings})`;
  return `${verdict}: ${events} sealed events, ${unsealed} not sealed yet, head ${head ?? 'none'}`;
}
