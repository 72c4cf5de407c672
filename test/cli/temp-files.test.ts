/**
 * Temp files: files that get their name when they are complete, and their removal after a command was killed.
 *
 * @runs once, on SQLite: Postgres is backed up by its own tools.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { latchkey } from '../child.ts';
import { installation } from './installation.ts';
import { fill, kill } from './killed.ts';

const MACHINE = hostname().replaceAll(/[^\w-]/g, '_');
const isTempFile = new RegExp(`\\.latchkey-${MACHINE}-\\d+\\.part(-journal)?$`);

/** Checks the process id: the removal of an earlier temp file also changes the folder. */
const ofProcess = (name: string, pid: number) => name.includes(`-${pid}.part`);

t.test('The temp file of a killed backup or export is removed by the next one', async (t) => {
  const { url, folder, variables } = await installation(t);
  fill(url);
  for (const command of ['backup', 'export']) {
    const files = join(folder, command);
    await mkdir(files);
    const file = join(files, 'latest');
    for (let i = 0; i < 2; i++) {
      await kill([command, file], variables, files, ofProcess);
      const left = await readdir(files);
      t.ok(left.length > 0 && left.every((name) => isTempFile.test(name)), `${command}: ${left}`);
    }
    t.match(await latchkey([command, file], { variables }), { code: 0, stderr: '' });
    t.strictSame(await readdir(files), ['latest']);
    t.equal((await stat(file)).mode & 0o777, 0o600);
  }
});

t.test(
  'An export keeps a temp file that a process may still write, and files with other names',
  async (t) => {
    const { folder, variables } = await installation(t);
    const files = join(folder, 'files');
    await mkdir(files);
    const file = join(files, 'users.jsonl');
    const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(gone, 'exit');
    const dayBefore = new Date(Date.now() - 25 * 60 * 60 * 1000);
    const [name, other] = [basename(file), 'other.jsonl'];
    const there: Record<string, { isOld: boolean; stays: boolean }> = {
      [`${name}.latchkey-${MACHINE}-${gone.pid}.part`]: { isOld: false, stays: false },
      [`${name}.latchkey-${MACHINE}-${gone.pid}.part-journal`]: { isOld: false, stays: false },
      [`${name}.latchkey-${MACHINE}-${process.pid}.part`]: { isOld: false, stays: true },
      [`${name}.latchkey-elsewhere-1.part`]: { isOld: false, stays: true },
      [`${name}.latchkey-elsewhere-2.part`]: { isOld: true, stays: false },
      [`${other}.latchkey-${MACHINE}-${gone.pid}.part`]: { isOld: true, stays: true },
      [`${name}.split-1.part`]: { isOld: true, stays: true },
      [`${name}.part`]: { isOld: true, stays: true },
    };
    for (const [name, { isOld }] of Object.entries(there)) {
      await writeFile(join(files, name), 'a part');
      if (isOld) await utimes(join(files, name), dayBefore, dayBefore);
    }
    t.match(await latchkey(['export', file], { variables }), { code: 0, stderr: '' });
    const stay = Object.keys(there).filter((name) => there[name]?.stays);
    t.strictSame((await readdir(files)).sort(), [name, ...stay].sort());
  },
);
