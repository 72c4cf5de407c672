import {
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import { wrapAdapter } from './wrap.ts';

export interface SingleConnectionFactory extends SqlDriverAdapterFactory {
  close(): Promise<void>;
}

/**
 * Shares one adapter among all callers of `connect`. On SQLite, it is one connection, and the callers queue
 * for it. After `$disconnect`, Prisma connects again at the next query; a closed factory refuses to.
 *
 * @param release frees the resources that the adapters share
 */
export function singleConnection(
  factory: SqlDriverAdapterFactory,
  release?: () => Promise<void>,
): SingleConnectionFactory {
  let closed = false;
  let current: Promise<SqlDriverAdapter> | undefined;
  const open = (): Promise<SqlDriverAdapter> => {
    const clearCurrent = () => {
      if (current === opening) current = undefined;
    };
    const opening = factory.connect().then(
      (adapter) => {
        const dispose = () => {
          clearCurrent();
          return adapter.dispose();
        };
        return wrapAdapter(adapter, { dispose });
      },
      (error: unknown) => {
        clearCurrent();
        throw error;
      },
    );
    return opening;
  };
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      if (closed) throw new DriverAdapterError({ kind: 'ConnectionClosed' });
      current ??= open();
      return current;
    },
    close: async () => {
      closed = true;
      // A Prisma client that has never connected does not dispose of the adapter.
      const adapter = await current?.catch(() => undefined);
      await adapter?.dispose();
      await release?.();
    },
  };
}
