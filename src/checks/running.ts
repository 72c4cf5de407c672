import { type Config, ConfigError } from '../config/index.ts';
import type { Database } from '../db/client.ts';
import type { Keys } from '../tokens/keys.ts';
import { checkBackup } from './backup.ts';
import { BROWSER_SESSIONS, describeBrowserSessions } from './browser-sessions.ts';
import {
  checkConfiguration,
  checkFrontendUrl,
  checkHashing,
  checkOrigins,
  checkPublicUrl,
} from './configuration.ts';
import { checkAdmin, checkClock, checkErasures } from './database.ts';
import { checkEncryption } from './encryption.ts';
import { checkFiles } from './files.ts';
import { type Finding, ok, problem } from './finding.ts';
import { checkDisk, checkFolders } from './folders.ts';
import { checkSecret, describeKeys } from './keys.ts';
import { describeMail } from './mail.ts';
import { checkNode } from './node.ts';
import { checkProxies } from './proxy.ts';
import { checkSecondFactor } from './second-factor.ts';

/** Milliseconds for which the findings are kept: requests in quick succession cause no new checks. */
const KEPT_MS = 10_000;

/** The parts of a running service that are checked. */
export interface Running {
  readonly config: Config;
  readonly database: Pick<Database, 'db' | 'now' | 'kind'>;
  readonly keys: Keys;
  readonly log: { warn(members: object, text: string): void };
}

/** The findings, and when they were made. */
export interface Findings {
  readonly findings: readonly Finding[];
  readonly checkedAt: Date;
}

type Check = (running: Running) => Finding | Finding[] | Promise<Finding | Finding[]>;

/**
 * The checks of `latchkey doctor` that a running service can make: they change nothing, connect to nothing
 * but the database, and cost the same for any number of users. The name is shown when the check throws.
 */
const checks: readonly [string, Check][] = [
  ['node', () => checkNode()],
  ['configuration', ({ config }) => checkConfiguration(config)],
  ['signing key', ({ keys }) => describeKeys(keys)],
  ['secret', ({ config }) => checkSecret(config)],
  ['folders', ({ config }) => checkFolders(config)],
  ['files', ({ config }) => checkFiles(config)],
  ['disk', ({ config }) => checkDisk(config)],
  ['database', ({ database }) => ok('database', database.kind === 'sqlite' ? 'SQLite' : 'Postgres')],
  ['clock', ({ database }) => checkClock(database)],
  ['admin', ({ database, config }) => checkAdmin(database, config)],
  ['second factor', ({ database, config }) => checkSecondFactor(database, config)],
  ['backup', ({ database, config }) => checkBackup(database, config)],
  ['personal data', ({ database }) => checkErasures(database)],
  ['encryption', ({ config }) => checkEncryption(config.databaseUrl)],
  ['mail', ({ config }) => describeMail(config)],
  ['public URL', ({ config }) => checkPublicUrl(config)],
  ['frontend URL', ({ config }) => checkFrontendUrl(config)],
  ['proxies', ({ config }) => (isHosted(config) ? [] : checkProxies(config))],
  ['origins', ({ config }) => checkOrigins(config)],
  [BROWSER_SESSIONS, ({ config }) => describeBrowserSessions(config)],
  ['hashing', ({ config }) => checkHashing(config)],
];

/** Tells whether the server is that of a host app, which has its proxies in settings of its own. */
function isHosted({ settings }: Config): boolean {
  return settings.every(({ name }) => name !== 'TRUST_PROXY');
}

/** The checks of a running service: one run at a time, and one in {@link KEPT_MS} at most. */
export class RunningChecks {
  readonly #running: Running;
  #last: Promise<Findings> | undefined;
  /** performance.now() until which the last findings are kept. */
  #keptUntil = 0;

  constructor(running: Running) {
    this.#running = running;
  }

  /** Returns the findings of some seconds ago, or makes new ones. */
  read(): Promise<Findings> {
    if (this.#last === undefined || performance.now() >= this.#keptUntil) {
      this.#keptUntil = Number.POSITIVE_INFINITY;
      this.#last = this.#check().finally(() => {
        this.#keptUntil = performance.now() + KEPT_MS;
      });
    }
    return this.#last;
  }

  async #check(): Promise<Findings> {
    const found = await Promise.all(checks.map(([name, check]) => this.#run(name, check)));
    return { findings: found.flat(), checkedAt: new Date() };
  }

  async #run(name: string, check: Check): Promise<Finding[]> {
    try {
      return [await check(this.#running)].flat();
    } catch (error) {
      // Messages of other errors may name what is connected to, or have a value in them.
      const isOwn = error instanceof ConfigError;
      this.#running.log.warn({ err: error, check: name }, 'A check of the settings failed');
      return [problem(name, isOwn ? error.message : 'it could not be checked', 'run: latchkey doctor')];
    }
  }
}
