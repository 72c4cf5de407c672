import pg from 'pg';
import { POOL_IS_FULL } from '../errors.ts';

/** Queries and transactions that may wait for each connection of a pool: a fifth of a second, where each takes some milliseconds. */
const MAX_WAITING_PER_CONNECTION = 50;

/** Refuses who comes when too many wait already: they would all be answered late, and the process would hold ever more of them. */
export class BoundedPool extends pg.Pool {
  /** Whether somebody else answered in Postgres' place: a pooler, that the URL does not tell of. */
  isBehindPooler = false;
  readonly #maxWaiting: number;

  constructor(options: pg.PoolConfig & { readonly max: number }) {
    super(options);
    this.#maxWaiting = options.max * MAX_WAITING_PER_CONNECTION;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const isFull = this.waitingCount >= this.#maxWaiting;
    if (callback === undefined) return isFull ? Promise.reject(new Error(POOL_IS_FULL)) : super.connect();
    if (isFull) callback(new Error(POOL_IS_FULL), undefined, () => {});
    else super.connect(callback);
    return undefined;
  }
}

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void;
