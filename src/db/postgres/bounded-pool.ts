import pg from 'pg';
import { POOL_IS_FULL } from '../errors.ts';

/**
 * Maximum of queries and transactions that wait per connection: a fifth of a second, at some milliseconds
 * each.
 */
const MAX_WAITING_PER_CONNECTION = 50;

/**
 * Connection pool that refuses callers when too many wait already. They would all be answered late, and the
 * process would hold ever more of them.
 */
export class BoundedPool extends pg.Pool {
  /** True when a pooler, which the URL does not declare, answered in Postgres's place. */
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
