/**
 * Sixty processes that are killed while they write to one SQLite file, two at a time.
 *
 * @runs once, on SQLite: it tests only SQLite.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import t from 'tap';
import { sqliteFactory } from '#latchkey/db/sqlite/adapter.ts';
import { childEnvironment, temporaryFolder } from '../child.ts';
import { seededRandom } from './random.ts';

const KILLS = 60;

/** Maximum number of acknowledged writes before a process is killed. */
const MAX_WORK = 40;

const script = resolve(import.meta.dirname, 'writes-until-killed.ts');

/** The output of one writing process. */
interface Writer {
  readonly name: string;
  /** Lines with numbers; the last line may be incomplete. */
  printed: string;
  /** Waits for a number of acknowledgements, and kills the process. */
  kill(after: number): Promise<void>;
}

const acknowledged = ({ printed }: Writer) => printed.split('\n').slice(0, -1).map(Number);

function start(url: string, name: string): Writer {
  const child = spawn(process.execPath, [script, url, name], {
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close');
  const writer: Writer = {
    name,
    printed: '',
    kill: async (after) => {
      while (acknowledged(writer).length < after) {
        if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
        await Promise.race([once(child.stdout, 'data'), ended]);
      }
      child.kill('SIGKILL');
      const [, signal] = await ended;
      if (signal !== 'SIGKILL') throw new Error(`${name} ended by ${signal}`);
    },
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    writer.printed += text;
  });
  return writer;
}

t.test(
  'After a SIGKILL during a write, all acknowledged changes are stored, and none partially',
  async (t) => {
    const random = seededRandom();
    t.comment(`--seed=${random.seed}`);
    const url = `file:${join(await temporaryFolder(t), 'written.db')}`;
    const adapter = await sqliteFactory(url).connect();
    t.teardown(() => adapter.dispose());
    await adapter.executeScript(
      'CREATE TABLE "Written" ("writer" TEXT, "n" INTEGER, "part" TEXT, PRIMARY KEY ("writer", "n", "part"))',
    );
    const writers: Writer[] = [start(url, 'writer 0'), start(url, 'writer 1')];
    for (let kill = 0; kill < KILLS; kill++) {
      await writers[kill]?.kill(random.below(MAX_WORK));
      if (writers.length < KILLS) writers.push(start(url, `writer ${writers.length}`));
    }

    const rows = async (sql: string) => (await adapter.queryRaw({ sql, args: [], argTypes: [] })).rows;
    const parts = new Map<string, string[]>();
    for (const [writer, n, part] of await rows(
      'SELECT "writer", "n", "part" FROM "Written" ORDER BY "part"',
    )) {
      const key = `${writer} ${n}`;
      parts.set(key, [...(parts.get(key) ?? []), String(part)]);
    }
    const lost = writers.flatMap((writer) =>
      acknowledged(writer)
        .map((n) => `${writer.name} ${n}`)
        .filter((key) => !parts.has(key)),
    );
    t.strictSame(lost, [], 'acknowledged and not there');
    const halves = [...parts].filter(([, found]) => !['alone', 'first,second'].includes(found.join()));
    t.strictSame(halves, [], 'there by half');
    t.strictSame(await rows('PRAGMA integrity_check'), [['ok']]);
    const count = writers.reduce((sum, writer) => sum + acknowledged(writer).length, 0);
    t.comment(`${KILLS} kills, ${count} acknowledged writes, ${parts.size} found`);
    t.ok(count > KILLS);
  },
);
