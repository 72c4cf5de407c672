import { open, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Disk, Handle } from './client.ts';
import { isDiskFull } from './errors.ts';

/** Bytes that a disk must have room for; with less it counts as full. A transaction needs some pages. */
export const MIN_FREE_BYTES = 64 * 1024;

/** Ways of a kind of database to look at its disk. */
interface Probe {
  freeBytes(): Promise<number | undefined>;
  /** Writes something that takes {@link MIN_FREE_BYTES}, and removes it. */
  write(): Promise<void>;
}

/** State of a disk. The wrapper of the driver notes writes that failed (adapters/note-full-disk.ts). */
export class DiskState implements Disk {
  readonly #probe: Probe;
  #isFull = false;

  constructor(probe: Probe) {
    this.#probe = probe;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  noteFull(): void {
    this.#isFull = true;
  }

  freeBytes(): Promise<number | undefined> {
    return this.#probe.freeBytes();
  }

  async check({ mustProbe = false }: { readonly mustProbe?: boolean } = {}): Promise<boolean> {
    const free = await this.freeBytes();
    if (free !== undefined && free < MIN_FREE_BYTES) this.#isFull = true;
    else if (this.#isFull || mustProbe) this.#isFull = !(await this.#hasRoom());
    return this.#isFull;
  }

  /** Any other error of the probe says nothing about the room: the next write shows. */
  async #hasRoom(): Promise<boolean> {
    try {
      await this.#probe.write();
      return true;
    } catch (error) {
      return !isDiskFull(error);
    }
  }
}

/** Probes the disk of a SQLite database. @param path of the database */
export function fileProbe(path: string): Probe {
  return {
    freeBytes: () => readFreeBytes(dirname(path)),
    // A quota does not show in the free bytes of the disk.
    write: async () => {
      const probe = `${path}.probe-${process.pid}`;
      try {
        const file = await open(probe, 'w', 0o600);
        try {
          await file.write(Buffer.alloc(MIN_FREE_BYTES));
          await file.datasync();
        } finally {
          await file.close();
        }
      } finally {
        await rm(probe, { force: true });
      }
    },
  };
}

/** Probes the disk of Postgres by a temporary table, whose 5000 rows take 28 bytes each. */
export function serverProbe(getControl: () => Handle): Probe {
  return {
    freeBytes: async () => undefined,
    write: async () => {
      await getControl().raw.execute`DO $$ BEGIN
        CREATE TEMPORARY TABLE latchkey_disk_probe ON COMMIT DROP AS SELECT generate_series(1, 5000) AS number;
      END $$`;
    },
  };
}

/** Reads the bytes that are free for this user on the disk of a folder; undefined when it cannot tell. */
export async function readFreeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
