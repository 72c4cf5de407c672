/** Measures the processor time of a process and of those that it has started, on Linux. */
import { readdirSync, readFileSync } from 'node:fs';

/** Parts of a second in which Linux counts, on every architecture that Node.js runs on. */
const TICKS_PER_SECOND = 100;

interface Process {
  readonly parent: number;
  /** Of itself and of the processes that it has started and that have ended. */
  readonly ticks: number;
}

/**
 * Returns the seconds that this process and its descendants have had a processor, for the program and for the
 * system. Processes that have outlived their parent are not found.
 *
 * @returns undefined where the system does not tell
 */
export function processorSeconds(): number | undefined {
  const processes = new Map<number, Process>();
  for (const pid of listProcesses()) {
    const process = readProcess(pid);
    if (process !== undefined) processes.set(pid, process);
  }
  if (!processes.has(process.pid)) return undefined;
  const isOurs = (pid: number): boolean => {
    const parent = processes.get(pid)?.parent;
    return pid === process.pid || (parent !== undefined && isOurs(parent));
  };
  let ticks = 0;
  for (const [pid, process] of processes) if (isOurs(pid)) ticks += process.ticks;
  return ticks / TICKS_PER_SECOND;
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function readProcess(pid: number): Process | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may have spaces in it. Behind it are the state, the parent, ...
    const fields = line
      .slice(line.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [, parent = 0] = fields;
    return { parent, ticks: fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) };
  } catch {
    // It has ended since.
    return undefined;
  }
}
