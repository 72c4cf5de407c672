import {
  checkConfiguration,
  checkFrontendUrl,
  checkHashing,
  checkOrigins,
  checkPublicUrl,
} from '../../checks/configuration.ts';
import { checkFiles } from '../../checks/files.ts';
import { type Finding, problem } from '../../checks/finding.ts';
import { checkDisk, checkFolders } from '../../checks/folders.ts';
import { checkKeys, checkSecret } from '../../checks/keys.ts';
import { checkNode } from '../../checks/node.ts';
import { checkProxies } from '../../checks/proxy.ts';
import { type Config, readConfig } from '../../config/index.ts';
import { explain } from '../explain.ts';
import { print } from '../print.ts';
import { checkBrowserSessions } from './browser-sessions.ts';
import { checkDatabase } from './database.ts';
import { checkMail } from './mail.ts';

/** Options on the command line. */
export interface DoctorOptions {
  readonly json?: boolean;
}

const marks = { ok: '✓', warning: '!', problem: '✗' } as const;

type Check = (config: Config) => Finding | Finding[] | Promise<Finding | Finding[]>;

/**
 * The checks in the order of their output, with the name to print when a check throws. They change nothing.
 */
const checks: readonly [string, Check][] = [
  ['node', () => checkNode()],
  ['configuration', checkConfiguration],
  ['signing key', checkKeys],
  ['secret', checkSecret],
  ['folders', checkFolders],
  ['files', checkFiles],
  ['disk', checkDisk],
  ['database', checkDatabase],
  ['mail', checkMail],
  ['public URL', checkPublicUrl],
  ['frontend URL', checkFrontendUrl],
  ['proxies', checkProxies],
  ['origins', checkOrigins],
  ['browser sessions', checkBrowserSessions],
  ['hashing', checkHashing],
];

/** Runs `latchkey doctor`. Sets `process.exitCode` when there is a problem. */
export async function reportFindings({ json }: DoctorOptions): Promise<void> {
  const findings = await examine();
  const isHealthy = findings.every(({ status }) => status !== 'problem');
  await print(json ? `${JSON.stringify({ ok: isHealthy, findings })}\n` : describe(findings));
  if (!isHealthy) process.exitCode = 1;
}

async function examine(): Promise<Finding[]> {
  try {
    const config = readConfig();
    // In parallel, because a database or a mail server that is down responds only after a timeout.
    const found = await Promise.all(checks.map(([name, check]) => runCheck(name, () => check(config))));
    return found.flat();
  } catch (error) {
    return [failed('configuration', error)];
  }
}

async function runCheck(name: string, check: () => ReturnType<Check>): Promise<Finding[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    return [failed(name, error)];
  }
}

function failed(name: string, error: unknown): Finding {
  return problem(name, explain(error).split('\n', 1)[0] ?? '', 'the service does not start until then');
}

function describe(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, status, found, advice }) => {
    const line = `${marks[status]} ${check.padEnd(width)}  ${found}`;
    return advice === undefined ? line : `${line} -> ${advice}`;
  });
  return `${lines.join('\n')}\n`;
}
